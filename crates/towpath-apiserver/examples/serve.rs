fn main() {
    let rt = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let minor = towpath_catalog::Minor::new(36);
        let surface =
            std::sync::Arc::new(towpath_apimachinery::surface::Surface::load(minor).unwrap());
        let cluster = towpath_apiserver::Cluster::new(surface, towpath_apiserver::Clock::Real);
        let listener = tokio::net::TcpListener::bind(
            std::env::args().nth(1).unwrap_or("127.0.0.1:18001".into()),
        )
        .await
        .unwrap();
        towpath_apiserver::listen::listen(cluster, listener).await.unwrap();
    });
}
