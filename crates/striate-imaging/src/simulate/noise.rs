//! How light becomes numbers.

use striate_base::RandomStream;

use super::config::{NoiseConfig, PixelType};

/// From this mean on, Poisson numbers come from a normal one with the right mean, variance and
/// skewness (Cornish and Fisher 1938); at 16, zero is four s.d. away.
const LARGE_MEAN: f32 = 16.0;

/// Turn light into what is recorded, in place.
pub(super) fn record(config: &NoiseConfig, pixels: &mut [f32], stream: &mut RandomStream) {
    let per_unit = config.photons_per_unit as f32;
    let (unit, read_noise) = (1.0 / per_unit, config.read_noise as f32);
    let mut normals = vec![0.0; pixels.len()];
    stream.fill_normal(&mut normals);
    for (value, z) in pixels.iter_mut().zip(&normals) {
        let mean = *value * per_unit;
        *value = unit
            * if mean < LARGE_MEAN {
                stream.poisson(f64::from(mean)) as f32
            } else {
                (mean + mean.sqrt() * z + (z * z - 1.0) / 6.0).round().max(0.0)
            };
    }
    if read_noise > 0.0 {
        stream.fill_normal(&mut normals);
        pixels.iter_mut().zip(&normals).for_each(|(value, z)| *value += read_noise * z);
    }
    write_as(config, pixels);
}

/// Add the offset, and round where whole numbers are written.
fn write_as(config: &NoiseConfig, pixels: &mut [f32]) {
    let offset = config.offset as f32;
    match config.output {
        PixelType::UInt16 => {
            pixels.iter_mut().for_each(|v| *v = (*v + offset).round().clamp(0.0, 65535.0));
        }
        PixelType::Float32 => pixels.iter_mut().for_each(|v| *v += offset),
    }
}

/// S.d. of the noise where the light is `light`; rounding left aside.
pub(super) fn standard_deviation(config: &NoiseConfig, light: f64) -> f64 {
    (light.max(0.0) / config.photons_per_unit + config.read_noise.powi(2)).sqrt()
}
