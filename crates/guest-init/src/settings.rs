//! What the host says by the kernel's arguments, before there is a conversation.

/// How the host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Vsock,
    Serial,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) channel: Channel,
}

impl Settings {
    /// From `/proc/cmdline`; `None` if it names no channel.
    pub(crate) fn parse(arguments: &str) -> Option<Self> {
        let channel = arguments.split_whitespace().find_map(|one| one.strip_prefix("tinderbox.channel="))?;
        match channel {
            "vsock" => Some(Self { channel: Channel::Vsock }),
            "serial" => Some(Self { channel: Channel::Serial }),
            _ => None,
        }
    }
}

/// The parameters for a module among the kernel's arguments, which the kernel itself gives only to what is built in:
/// `virtio_mmio.device=…` is `device=…` for `virtio_mmio`, and `-` means `_`.
pub(crate) fn module_parameters(arguments: &str, module: &str) -> String {
    let own = |one: &str| -> Option<String> {
        let (name, parameter) = one.split_once('.')?;
        (name.replace('-', "_") == module.replace('-', "_")).then(|| parameter.to_owned())
    };
    arguments.split_whitespace().filter_map(own).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_channel_is_named_by_the_kernels_arguments() {
        let check = |text: &str, expected| assert_eq!(Settings::parse(text).map(|it| it.channel), expected);
        check("console=ttyS0 tinderbox.channel=vsock panic=-1\n", Some(Channel::Vsock));
        check("tinderbox.channel=serial", Some(Channel::Serial));
        check("tinderbox.channel=pigeon", None);
        check("quiet", None);
    }

    #[test]
    fn a_module_gets_its_own_parameters_and_no_others() {
        let arguments = "quiet virtio_mmio.device=4K@0x1:5 virtio-mmio.device=4K@0x2:6 virtio_blk.queues=1";
        assert_eq!(module_parameters(arguments, "virtio_mmio"), "device=4K@0x1:5 device=4K@0x2:6");
        assert_eq!(module_parameters(arguments, "virtio_net"), "");
    }
}
