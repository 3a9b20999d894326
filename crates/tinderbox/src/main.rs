//! One binary, every role.
mod roles;

fn main() {
    sandbox::process::spawner_entry_point();
    let data = std::path::PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "./.tinderbox".into()));
    let port = std::env::args().nth(2).and_then(|p| p.parse().ok()).unwrap_or(9955);
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let launched = roles::launch(&data).expect("launch");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("rt");
    runtime.block_on(async {
        let p = roles::Platform::start(
            roles::Settings {
                data,
                address: ([127, 0, 0, 1], port).into(),
                account: "000000000000".into(),
                region: "us-east-1".into(),
                credentials: None,
                host_names: vec![],
                strict_runtimes: false,
                egress: sandbox::Egress::Nat,
                allow_hosts: vec![],
                variables: Default::default(),
                idle_max: std::time::Duration::from_secs(600),
                memory_mb: None,
                log_bytes_max: 256 << 20,
                encoded: false,
            },
            launched,
        )
        .await
        .expect("start");
        println!("http://{} {:?}", p.address, p.missing);
        p.serve(async {
            tokio::signal::ctrl_c().await.ok();
        })
        .await
        .expect("serve");
    });
}
