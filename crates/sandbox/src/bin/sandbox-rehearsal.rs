//! A stand-in for the server's binary, for this crate's tests: a spawner when started as one, else a small server
//! that boots environments, says so, and waits to be killed.
//!
//! `sandbox-rehearsal DATA COUNT` prints `spawner PID`, then `ready` when COUNT environments run a sleeping process;
//! every second one is paused.

use sandbox::process::{Config, ProcessSandbox, drop_privileges, launch, spawner_entry_point};
use sandbox::{BootSpec, Egress, ProcessSpec, Sandbox};
use std::error::Error;
use std::io::Write;
use world::World;

fn main() -> Result<(), Box<dyn Error>> {
    spawner_entry_point();
    let mut arguments = std::env::args().skip(1);
    let (Some(data), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: sandbox-rehearsal DATA COUNT".into());
    };
    let handle = launch(&Config::new(data))?;
    drop_privileges()?;
    println!("spawner {}", handle.pid());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(handle, count.parse()?))
}

async fn serve(handle: sandbox::process::SpawnerHandle, count: u32) -> Result<(), Box<dyn Error>> {
    let world = World::real();
    let sandbox = ProcessSandbox::new(handle, world.clone())?;
    let mut kept = Vec::new();
    for index in 0..count {
        let environment = sandbox
            .boot(BootSpec {
                id: types::EnvironmentId::from_random(world.random_16()),
                memory_mb: 128,
                ephemeral_storage_mb: 16,
                mounts: Vec::new(),
                egress: Egress::None,
                allow_hosts: Vec::new(),
            })
            .await?;
        let process = environment
            .start(ProcessSpec {
                program: "/bin/sleep".into(),
                arguments: vec!["1000000".to_owned()],
                environment: Default::default(),
                working_directory: "/tmp".into(),
                telemetry: false,
            })
            .await?;
        if index % 2 == 1 && sandbox.capabilities().pause {
            environment.pause().await?;
        }
        kept.push((environment, process));
    }
    println!("ready");
    std::io::stdout().flush()?;
    std::future::pending::<()>().await;
    Ok(())
}
