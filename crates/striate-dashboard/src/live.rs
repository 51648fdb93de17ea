//! Curves while they grow, over a WebSocket.
//!
//! The page says which runs it draws; it is told what is new, thirty times a second at most. A page that reads slowly
//! is told less often and more at once: nothing is queued for it, so that its slowness takes no memory.

mod subscription;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::Response;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::dashboard::State;
use crate::reply::Refusal;
use crate::server::Place;
use subscription::Subscription;

/// How often curves are looked at.
const INTERVAL: Duration = Duration::from_millis(33);

/// How often a page that has nothing to hear is asked whether it still listens.
const PING_INTERVAL: Duration = Duration::from_secs(20);

/// How long a page may say nothing, and a message take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of what a page says.
const LONGEST_MESSAGE: usize = 64 << 10;

/// Take a WebSocket.
pub(crate) async fn live(
    Shared(state): Shared<Arc<State>>,
    place: Option<Extension<Place>>,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let upgrade = upgrade.max_message_size(LONGEST_MESSAGE).max_frame_size(LONGEST_MESSAGE);
    upgrade.on_upgrade(move |socket| async move {
        // The place is free when the conversation ends.
        let _place = place;
        converse(socket, state).await;
    })
}

async fn converse(mut socket: WebSocket, state: Arc<State>) {
    let mut subscription: Option<Subscription> = None;
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut heard, mut asked) = (Instant::now(), Instant::now());
    while heard.elapsed() < PATIENCE {
        let mut messages = Vec::new();
        tokio::select! {
            said = socket.recv() => {
                heard = Instant::now();
                match said {
                    Some(Ok(Message::Text(text))) => match Subscription::parse(&text, &state).await {
                        Ok(new) => subscription = Some(new),
                        Err(refusal) => messages.push(refused(&refusal)),
                    },
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return,
                }
            }
            _ = ticks.tick() => {
                let Ok((kept, news)) = news(subscription.take(), &state).await else { return };
                if kept.as_ref().is_some_and(|kept| kept.is_behind) {
                    ticks.reset_immediately();
                }
                subscription = kept;
                messages = news;
            }
        }
        if asked.elapsed() > PING_INTERVAL {
            asked = Instant::now();
            messages.push(Message::Ping(Bytes::new()));
        }
        for message in messages {
            if !matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(()))) {
                return;
            }
        }
    }
}

/// What is new for a page, if it has subscribed.
async fn news(
    subscription: Option<Subscription>,
    state: &Arc<State>,
) -> Result<(Option<Subscription>, Vec<Message>), Refusal> {
    let Some(waiting) = subscription else { return Ok((None, Vec::new())) };
    let shared = state.clone();
    let (kept, news) = state.workers.run(move || Ok(waiting.news(&shared))).await?;
    Ok((Some(kept), news.into_iter().map(Message::from).collect()))
}

fn refused(refusal: &Refusal) -> Message {
    Message::from(json!({"error": refusal.message}).to_string())
}
