//! `striate serve`: a folder in the browser.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use striate::base::machine;
use striate_dashboard::{ServeConfig, Server};

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

/// Look at recordings, runs and neurons in a browser
///
/// Shows what lies in FOLDER: learning curves while `striate fit` runs, recordings played with their responses,
/// movies with their cells, neurons with their scores and experiments, runs beside each other. Nothing is written.
/// The address that is printed holds a token; whoever has it sees everything in FOLDER. Only this machine is
/// answered; from elsewhere, go through ssh as the hint says. Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:
  striate serve
  striate serve runs --port 0
  striate serve /data/mouse --base-path /striate --allow-host lab.example")]
pub(crate) struct ServeArguments {
    /// Folder to show
    #[arg(value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Port to listen at; 0: any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8421)]
    port: u16,
    /// Address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
    /// Allow an address that other machines reach; what is sent is not encrypted
    #[arg(long)]
    allow_remote: bool,
    /// Path below which a proxy hands requests on, as /striate
    #[arg(long, value_name = "PATH", default_value = "")]
    base_path: String,
    /// Name under which a proxy is reached, as lab.example; may be repeated
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
    /// Take the page's files from this folder, for work on the page
    #[arg(long, value_name = "FOLDER", hide = true)]
    assets: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ServeArguments, context: &Context) -> Result<(), Failure> {
    let server = Server::bind(&ServeConfig {
        folder: arguments.folder.clone(),
        host: arguments.host,
        port: arguments.port,
        allow_remote: arguments.allow_remote,
        base_path: arguments.base_path.trim_end_matches('/').to_owned(),
        allowed_hosts: arguments.allowed_hosts.clone(),
        assets: arguments.assets.clone(),
    })?;
    // A result at once, and not twice: it holds the token.
    let (url, port) = (server.url(), server.address().port());
    if context.json {
        output::print(&format!("{:#}\n", json!({"url": url, "port": port})));
    } else {
        output::print(&format!("{url}\n"));
    }
    if arguments.host.is_loopback() {
        let host = machine::host();
        context.remark(&format!(
            "from another machine: ssh -L {port}:localhost:{port} {host}, then the same address"
        ));
    } else {
        context.remark(
            "everybody on the network who has the address can look, and it is sent unencrypted",
        );
    }
    Ok(server.run(&context.cancel)?)
}
