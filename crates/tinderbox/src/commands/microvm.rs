//! `tinderbox microvm setup` and `tinderbox microvm status`; and, for the servers, what is missing made with a bar.

use crate::cli::{MicroVmArgs, MicroVmCommand};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use sandbox::microvm::assets::{self, AssetError, Assets, Made, Manifest, Progress, Recipe, STEPS};
use sandbox::microvm::settings::{self, Backend, Found, Gap, MicroVmSettings, Wanted};
use serde_json::{Value, json};
use std::path::Path;
use world::{Instant, World};

/// PID 1 of every microVM, built by build.rs.
const GUEST_INIT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest-init"));
const MIB: u64 = 1 << 20;

pub(super) fn run(args: &MicroVmArgs, screen: Screen) -> Result<(), Failure> {
    match &args.command {
        MicroVmCommand::Setup(flags) => setup(&flags.settings(), &args.data, screen),
        MicroVmCommand::Status { flags, check } => status(&flags.settings(), &args.data, *check, screen),
    }
}

/// What a microVM of this server starts from; what is missing is made now, with a bar.
pub(crate) fn assets_for(settings: &MicroVmSettings, data: &Path, screen: Screen) -> Result<Assets, Failure> {
    make(&settings.recipe(data, GUEST_INIT), screen).map(|made| made.assets)
}

/// Which walls a server gets, and with them what they start from; a refusal says everything that is missing.
pub(crate) fn backend(wanted: Wanted, settings: &MicroVmSettings, data: &Path) -> Result<Backend, Failure> {
    if wanted == Wanted::Process {
        return Ok(Backend::Process); // nothing to look at
    }
    settings::choose(wanted, &settings::find(settings, data)).map_err(|gaps| refusal(&gaps))
}

fn refusal(gaps: &[Gap]) -> Failure {
    let what: Vec<&str> = gaps.iter().map(|gap| gap.what.as_str()).collect();
    let advice: Vec<&str> = gaps.iter().map(|gap| gap.advice).collect();
    Failure::new(Exit::Host, what.join("; ")).advise(advice.join("\n  → "))
}

fn setup(settings: &MicroVmSettings, data: &Path, screen: Screen) -> Result<(), Failure> {
    let world = World::real();
    let began = world.now();
    let made = make(&settings.recipe(data, GUEST_INIT), screen)?;
    let seconds = since(&world, began);
    let found = settings::find(settings, data);
    if screen.json {
        return screen.value(&json!({
            "already": { "boot": made.already[0], "root": made.already[1] },
            "seconds": seconds,
            "release": made.assets.release,
            "kernel": made.assets.kernel,
            "vmlinux": made.assets.kernel_plain.as_ref().ok(),
            "initramfs": made.assets.initramfs,
            "root": made.assets.root,
            "largest": made.largest.iter().map(|(path, bytes)| json!({ "path": path, "bytes": bytes })).collect::<Vec<_>>(),
            "key": made.assets.key,
        }));
    }
    for manifest in &made.assets.manifests {
        describe(screen, manifest)?;
    }
    if let Err(reason) = &made.assets.kernel_plain {
        screen.line(format!("not for Firecracker: {reason}"))?;
    }
    let largest: Vec<String> =
        made.largest.iter().map(|(path, bytes)| format!("{path} {} MB", bytes.div_ceil(MIB))).collect();
    screen.line(format!("largest in the image (smaller with --leave-out PATH): {}", largest.join(", ")))?;
    let word = if made.already == [true, true] { "everything was there already" } else { "ready" };
    screen.line(format!("{word}, {seconds:.1} s"))?;
    next(screen, &found)
}

/// What can be done with it here.
fn next(screen: Screen, found: &Found) -> Result<(), Failure> {
    for (name, gaps) in
        [("qemu", settings::qemu_gaps(found)), ("firecracker", settings::firecracker_gaps(found))]
    {
        match gaps.first() {
            None => screen.line(format!("next: tinderbox up --sandbox {name}"))?,
            Some(gap) => screen.line(format!("--sandbox {name}: {}\n  → {}", gap.what, gap.advice))?,
        }
    }
    Ok(())
}

fn status(settings: &MicroVmSettings, data: &Path, check: bool, screen: Screen) -> Result<(), Failure> {
    let recipe = settings.recipe(data, GUEST_INIT);
    let spinner = screen.spinner("looking");
    let manifests = assets::list(&recipe.store);
    let current = assets::look(&recipe);
    drop(spinner);
    if check {
        let bar = screen.bar(1);
        let checked = assets::verify(&recipe.store, &mut |progress| show(&bar, progress));
        drop(bar);
        checked.map_err(asset_failure)?;
    }
    let (state, why) = match &current {
        Ok(Some(_)) => ("current", None),
        Ok(None) if manifests.is_empty() => {
            ("none", Some("nothing was made yet: tinderbox microvm setup".to_owned()))
        }
        Ok(None) => (
            "old",
            Some(
                "the host has changed, or tinderbox has: tinderbox microvm setup makes them anew".to_owned(),
            ),
        ),
        Err(error) => ("none", Some(error.to_string())),
    };
    if screen.json {
        let entries: Vec<Value> = manifests.iter().map(|manifest| json!(manifest)).collect();
        return screen.value(&json!({ "state": state, "why": why, "checked": check, "folder": recipe.store, "entries": entries }));
    }
    for manifest in &manifests {
        describe(screen, manifest)?;
    }
    if check && !manifests.is_empty() {
        screen.line("every file is what was written")?;
    }
    screen.line(why.unwrap_or_else(|| "everything is right".to_owned()))
}

fn describe(screen: Screen, manifest: &Manifest) -> Result<(), Failure> {
    let fact = |name: &str| manifest.facts.get(name).map_or("", String::as_str);
    let size = |name: &str| manifest.files.get(name).map_or(0, |file| file.bytes).div_ceil(MIB);
    match manifest.kind.as_str() {
        "boot" => {
            screen.line(format!(
                "kernel     {} ({}), {} MB",
                fact("release"),
                fact("kernel"),
                size("kernel")
            ))?;
            let modules = match fact("modules") {
                "" => "everything built in".to_owned(),
                names => format!("{} modules", names.split(' ').count()),
            };
            screen.line(format!("initramfs  our init and {modules}, {} MB", size("initramfs")))
        }
        _ => screen.line(format!("root image of {}, {} MB", fact("root"), size("root.erofs"))),
    }
}

fn make(recipe: &Recipe<'_>, screen: Screen) -> Result<Made, Failure> {
    let bar = screen.bar(STEPS);
    let made = assets::make(recipe, &mut |progress| show(&bar, progress));
    drop(bar);
    made.map_err(asset_failure)
}

fn show(bar: &crate::screen::Spinner, progress: Progress) {
    match progress {
        Progress::Waiting => bar.say("another process makes them just now"),
        Progress::Step { number, of, what } => {
            bar.of(of);
            bar.at(number - 1);
            bar.say(what);
        }
        Progress::Bytes { done, of } => {
            bar.of(of / MIB);
            bar.at(done / MIB);
            bar.say("MB");
        }
    }
}

fn asset_failure(error: AssetError) -> Failure {
    let advice = error.advice();
    Failure::new(Exit::Host, error.to_string()).advise(advice)
}

fn since(world: &World, began: Instant) -> f64 {
    world.now().since(began).as_secs_f64()
}
