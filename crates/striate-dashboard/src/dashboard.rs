//! A request's way: through the guard, to the page or the data, and out with its headers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use striate_base::machine;

use crate::api;
use crate::config::ServeConfig;
use crate::curve::Curves;
use crate::guard::{Guard, headers};
use crate::library::Library;
use crate::opened::Opened;
use crate::workers::Workers;

/// What all requests share.
pub(crate) struct State {
    pub(crate) library: Library,
    pub(crate) curves: Curves,
    pub(crate) opened: Opened,
    pub(crate) workers: Workers,
    /// For what is read in a moment, so that it does not wait behind what takes long.
    pub(crate) quick_workers: Workers,
    pub(crate) assets: Option<std::path::PathBuf>,
}

/// Answers requests.
#[derive(Clone)]
pub(crate) struct Dashboard {
    guard: Arc<Guard>,
    service: TowerToHyperService<Router>,
}

impl Dashboard {
    pub(crate) fn new(config: &ServeConfig, guard: Arc<Guard>) -> Self {
        let state = State {
            library: Library::of(&config.folder),
            curves: Curves::default(),
            opened: Opened::default(),
            workers: Workers::new(machine::threads().clamp(2, 8)),
            quick_workers: Workers::new(2),
            assets: config.assets.clone(),
        };
        let router = api::router(Arc::new(state));
        Self { guard, service: TowerToHyperService::new(router) }
    }

    /// The answer to a request; every answer has the headers of [`headers::protect`].
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let mut response = match self.guard.admit(request) {
            Err(response) => *response,
            Ok(request) => match self.service.call(request).await {
                Ok(response) => response,
                Err(impossible) => match impossible {},
            },
        };
        headers::protect(response.headers_mut());
        response
    }
}
