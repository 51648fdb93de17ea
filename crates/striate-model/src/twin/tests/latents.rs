//! Twins with latents.
