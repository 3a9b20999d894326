//! `service!`: from one list of calls, the trait that a role implements, the request and response enums that
//! travel, the dispatcher that a server runs, and the clients that [`crate::encoded`] and [`crate::remote`] give the
//! same trait.

/// Declares a role. Each call takes one owned message and answers one owned message or the role's error.
macro_rules! service {
    (
        $(#[$doc:meta])*
        pub trait $Service:ident ($Request:ident, $Response:ident, $Error:ty) {
            $( $(#[$call_doc:meta])* $call:ident ( $Variant:ident ( $In:ty ) ) -> $Out:ty; )*
        }
    ) => {
        $(#[$doc])*
        #[async_trait::async_trait]
        pub trait $Service: Send + Sync + 'static {
            $( $(#[$call_doc])* async fn $call(&self, message: $In) -> Result<$Out, $Error>; )*
        }

        /// Every call of the role, as it travels.
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $Request { $( $Variant($In), )* }

        /// Every answer of the role, as it travels.
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub enum $Response { $( $Variant(Result<$Out, $Error>), )* }

        impl $Request {
            /// Hands the call to the role and wraps its answer.
            pub async fn dispatch(self, service: &dyn $Service) -> $Response {
                match self {
                    $( Self::$Variant(message) => $Response::$Variant(service.$call(message).await), )*
                }
            }
        }

        #[async_trait::async_trait]
        impl $Service for crate::encoded::Encoded<dyn $Service> {
            $( async fn $call(&self, message: $In) -> Result<$Out, $Error> {
                let request: $Request = crate::encoded::round_trip(&$Request::$Variant(message));
                match crate::encoded::round_trip(&request.dispatch(self.inner()).await) {
                    $Response::$Variant(answer) => answer,
                    #[allow(unreachable_patterns)] // a role with one call has no other variant
                    other => unreachable!("the dispatcher answers the call it was asked: {other:?}"),
                }
            } )*
        }

        #[async_trait::async_trait]
        impl $Service for crate::remote::Remote<dyn $Service> {
            $( async fn $call(&self, message: $In) -> Result<$Out, $Error> {
                let call = crate::remote::Call { role: stringify!($Service), name: stringify!($call) };
                self.ask::<$In, Result<$Out, $Error>>(call, message).await?
            } )*
        }

        impl crate::remote::Served<dyn $Service> {
            /// Every call of the role.
            pub const CALLS: &'static [crate::remote::Call] =
                &[ $( crate::remote::Call { role: stringify!($Service), name: stringify!($call) }, )* ];
        }

        #[async_trait::async_trait]
        impl crate::remote::Answering for crate::remote::Served<dyn $Service> {
            fn calls(&self) -> &'static [crate::remote::Call] {
                Self::CALLS
            }
            async fn answer(
                &self,
                call: &str,
                request: bytes::Bytes,
            ) -> Result<crate::remote::Reply, crate::remote::Garbled> {
                use crate::remote::{Garbled, Reply, decode, encode};
                match call {
                    $( stringify!($call) => {
                        let message = decode::<$In>(request)?;
                        Ok(Reply::Whole(encode(&self.inner().$call(message).await)?))
                    } )*
                    _ => Err(Garbled::Message),
                }
            }
        }
    };
}
pub(crate) use service;
