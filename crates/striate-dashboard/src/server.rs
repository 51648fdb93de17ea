//! Listening, and the limits of a connection.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use striate_base::CancelToken;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::ServeConfig;
use crate::dashboard::Dashboard;
use crate::error::ServeError;
use crate::guard::{Guard, Hosts, Token, headers};

/// Connections at once, those of [`crate::live`] included.
pub(crate) const MOST_CONNECTIONS: usize = 64;

/// Seconds that a request's head may take, and that an idle connection is kept.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a request's head.
const LONGEST_HEAD: usize = 64 << 10;

/// How often the server looks whether it shall stop.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Threads that answer; what reads files has threads of its own.
const ANSWERING_THREADS: usize = 2;

/// A place among the [`MOST_CONNECTIONS`]: a WebSocket keeps it after its request is over.
pub(crate) type Place = Arc<OwnedSemaphorePermit>;

/// A dashboard that listens.
#[derive(Debug)]
pub struct Server {
    config: ServeConfig,
    guard: Arc<Guard>,
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Take the port. Nobody is answered before [`Server::run`].
    ///
    /// # Errors
    /// [`ServeError`] for settings that are unsafe, a folder that is missing and an address that is taken.
    pub fn bind(config: &ServeConfig) -> Result<Self, ServeError> {
        config.check()?;
        let wanted = SocketAddr::new(config.host, config.port);
        let failed = |source| ServeError::Listen { source, address: wanted };
        let listener = TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let hosts = Hosts::new(config.host, &config.allowed_hosts);
        let guard = Guard::new(Token::draw()?, hosts, config.base_path.clone());
        let (config, guard) = (config.clone(), Arc::new(guard));
        Ok(Self { config, guard, listener, address })
    }

    /// The address and port listened at.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where to look, with the token: whoever has it sees everything in the folder.
    pub fn url(&self) -> String {
        let Self { address, config, guard, .. } = self;
        format!("http://{address}{}/?token={}", config.base_path, guard.token().text())
    }

    /// Answer until `cancel` says to stop.
    ///
    /// # Errors
    /// [`ServeError::System`] where the system has no threads or sockets to give.
    pub fn run(self, cancel: &CancelToken) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(ANSWERING_THREADS)
            .max_blocking_threads(16)
            .enable_io()
            .enable_time()
            .build()
            .map_err(ServeError::system("start threads"))?;
        let served = runtime.block_on(self.serve(cancel));
        // What is still read is of no use to anybody.
        runtime.shutdown_timeout(Duration::from_millis(200));
        served
    }

    async fn serve(self, cancel: &CancelToken) -> Result<(), ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener)
            .map_err(ServeError::system("listen"))?;
        let dashboard = Dashboard::new(&self.config, self.guard);
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        while !cancel.is_cancelled() {
            let Ok(accepted) = tokio::time::timeout(STOP_INTERVAL, listener.accept()).await else {
                continue;
            };
            let Ok((stream, _)) = accepted else {
                // Out of descriptors, or gone before it was accepted: others may have more luck.
                tokio::time::sleep(STOP_INTERVAL).await;
                continue;
            };
            match places.clone().try_acquire_owned() {
                Ok(place) => {
                    let dashboard = dashboard.clone();
                    tokio::spawn(connection(stream, dashboard, Arc::new(place)));
                }
                Err(_) => {
                    tokio::spawn(turn_away(stream));
                }
            }
        }
        Ok(())
    }
}

/// Answer the requests of one connection.
async fn connection(stream: TcpStream, dashboard: Dashboard, place: Place) {
    // Small answers shall not wait for more to send; without it they are only later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(place.clone());
        let dashboard = &dashboard;
        async move { Ok::<_, std::convert::Infallible>(dashboard.answer(request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(LONGEST_HEAD);
    // A connection that breaks is the browser's business.
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
}

/// Say that there is no room.
async fn turn_away(stream: TcpStream) {
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\nretry-after: 1\r\n{}\r\n",
        headers::as_text()
    );
    // Whoever does not take these few bytes at once goes without.
    if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(1), stream.writable()).await {
        let _ = stream.try_write(text.as_bytes());
    }
}
