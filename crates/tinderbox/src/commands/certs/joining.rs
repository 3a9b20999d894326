//! `tinderbox certs token` and `certs serve`: how bare machines become nodes without a hand at their certificates.

use super::{at, authority, failure, files};
use crate::cli::{DeskArgs, TokenArgs};
use crate::commands::status::inside;
use crate::commands::up::signalled;
use crate::commands::with_parent::tie;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric_rpc::certs::Authority;
use fabric_rpc::join::{Books, Desk, DeskSettings, Names, Terms, fingerprint};
use serde_json::json;
use std::path::Path;
use tokio::net::TcpListener;
use world::World;

/// The authority of this folder, which must be there, and its certificate.
fn there(world: &World, dir: &Path) -> Result<(Authority, String), Failure> {
    let (certificate, _) = files(dir, "ca");
    if !certificate.exists() {
        return Err(Failure::here(format!("{} is not there", certificate.display())).advise(
            "give the authority's folder with --dir DIR; `tinderbox certs init` makes one, once for a platform",
        ));
    }
    let (authority, _) = authority(world, dir)?;
    let text = std::fs::read_to_string(&certificate).map_err(at(&certificate))?;
    Ok((authority, text))
}

pub(super) fn token(args: &TokenArgs, screen: Screen) -> Result<(), Failure> {
    inside(async {
        let world = World::real();
        let (_, certificate) = there(&world, &args.dir)?;
        let pinned = fingerprint(&certificate).map_err(|error| Failure::here(error.to_string()))?;
        let books = Books::open(&args.dir).map_err(Failure::here)?;
        let address = match &args.authority {
            Some(address) => address.clone(),
            None => books.address().map_err(Failure::here)?.ok_or_else(|| {
                Failure::new(Exit::Usage, "nobody has said yet where the authority is reached").advise(
                    "start `tinderbox certs serve --listen ADDR:PORT` here, or say --authority HOST:PORT",
                )
            })?,
        };
        let mut roles = args.roles.clone();
        if roles.contains(&fabric_rpc::NodeRole::Frontend) {
            roles.push(fabric_rpc::NodeRole::Control);
        }
        roles.sort_unstable();
        roles.dedup();
        let names = match &args.name {
            Some(name) => Names::Exactly(name.clone()),
            None => Names::Prefix(args.name_prefix.clone()),
        };
        let terms = Terms { roles, names, life: args.expires, uses_max: args.uses };
        let token = books.token(&world, pinned, &terms, &address).map_err(Failure::here)?.text();
        match screen.json {
            true => screen.value(&json!({ "token": token, "authority": address, "uses": args.uses })),
            // Alone on its line, for `TOKEN=$(…)`.
            false => screen.line(token),
        }
    })
}

pub(super) fn serve(args: &DeskArgs, screen: Screen) -> Result<(), Failure> {
    if args.die_with_parent {
        tie().map_err(|error| Failure::here(format!("the parent's end can not be heard of: {error}")))?;
    }
    inside(async {
        let (world, end) = (World::real(), signalled(1));
        let (authority, certificate) = there(&world, &args.dir)?;
        let books = Books::open(&args.dir).map_err(Failure::here)?;
        let _held = books.hold().map_err(|error| {
            Failure::here(error).advise("one at a time: what a token was used for is counted in one place")
        })?;
        let listener = TcpListener::bind(args.listen).await;
        let listener =
            listener.map_err(|error| Failure::new(Exit::Host, format!("{}: {error}", args.listen)))?;
        let bound = listener.local_addr().map_err(|error| Failure::here(error.to_string()))?;
        let address = match &args.advertise {
            Some(address) => address.clone(),
            None if bound.ip().is_unspecified() => {
                let message = format!("{bound} is no address that another machine can call");
                return Err(Failure::new(Exit::Usage, message).advise("say which with --advertise HOST:PORT"));
            }
            None => bound.to_string(),
        };
        books.keep_address(&address).map_err(Failure::here)?;
        // What would be refused to a joining machine is said now.
        authority
            .sign(
                &fabric_rpc::Party { name: "tried".to_owned(), roles: vec![fabric_rpc::NodeRole::Worker] },
                fabric_rpc::certs::Key::new().map_err(failure)?.public(),
                args.life,
            )
            .map_err(failure)?;
        match screen.json {
            true => screen.line(json!({ "authority": address }).to_string())?,
            false => screen.line(format!(
                "machines with a token join at {address}\nnext: `tinderbox certs token --roles worker` prints one. Ctrl-C ends this."
            ))?,
        }
        let desk = Desk::new(world, authority, certificate, books, DeskSettings { life: args.life });
        desk.serve(listener, end).await;
        Ok(())
    })
}
