//! Colours: the palette of Okabe and Ito, which colour-blind readers can tell apart, and maps from
//! numbers to colours.

/// A colour as red, green and blue, each 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Colour(pub [u8; 3]);

/// Text and axes.
pub const INK: Colour = Colour([0x22, 0x22, 0x22]);
/// What recedes: reference lines, single repeats.
pub const GREY: Colour = Colour([0x9a, 0x9a, 0x9a]);
/// Light areas behind data.
pub const LIGHT: Colour = Colour([0xd9, 0xd9, 0xd9]);
/// Blue.
pub const BLUE: Colour = Colour([0x00, 0x72, 0xb2]);
/// Vermillion.
pub const VERMILLION: Colour = Colour([0xd5, 0x5e, 0x00]);
/// Bluish green.
pub const GREEN: Colour = Colour([0x00, 0x9e, 0x73]);
/// Orange.
pub const ORANGE: Colour = Colour([0xe6, 0x9f, 0x00]);
/// Sky blue.
pub const SKY: Colour = Colour([0x56, 0xb4, 0xe9]);
/// Reddish purple.
pub const PURPLE: Colour = Colour([0xcc, 0x79, 0xa7]);

/// Whatever the twin predicts, in every figure.
pub const TWIN: Colour = BLUE;
/// Whatever the twin without its latents predicts, in every figure.
pub const WITHOUT: Colour = SKY;
/// Whatever the twin predicts when it sees other neurons, in every figure.
pub const GIVEN: Colour = GREEN;
/// Whatever the baseline predicts, in every figure.
pub const BASELINE: Colour = VERMILLION;
/// Noise ceilings, in every figure.
pub const CEILING: Colour = Colour([0x70, 0x70, 0x70]);
/// What was recorded, in every figure.
pub const RECORDED: Colour = INK;

impl Colour {
    /// The colour as CSS writes it.
    ///
    /// ```
    /// assert_eq!(striate_report::figure::colour::BLUE.css(), "#0072b2");
    /// ```
    pub fn css(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The colour `t` of the way from `self` (0) to `other` (1).
    #[must_use]
    pub fn mix(self, other: Self, t: f64) -> Self {
        let t = t.clamp(0.0, 1.0);
        let channel = |i: usize| {
            let (a, b) = (f64::from(self.0[i]), f64::from(other.0[i]));
            (a + (b - a) * t).round() as u8
        };
        Self([channel(0), channel(1), channel(2)])
    }
}

/// A map from `[0, 1]` to colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColourMap {
    /// Dark violet over green to yellow: even steps look even (the map known as viridis).
    Sequential,
    /// Blue over light grey to vermillion: both signs of what has its zero in the middle.
    Diverging,
    /// White to black, as cells in a raster.
    Ink,
    /// Black to white, as frames of a film.
    Grey,
}

/// Every eighth of viridis (Smith and van der Walt, released under CC0).
const VIRIDIS: [Colour; 9] = [
    Colour([68, 1, 84]),
    Colour([71, 44, 122]),
    Colour([59, 81, 139]),
    Colour([44, 113, 142]),
    Colour([33, 144, 141]),
    Colour([39, 173, 129]),
    Colour([92, 200, 99]),
    Colour([170, 220, 50]),
    Colour([253, 231, 37]),
];

/// Both ends darkened, so that large values differ too.
const DIVERGING: [Colour; 5] =
    [Colour([0, 50, 98]), BLUE, Colour([226, 226, 226]), VERMILLION, Colour([116, 40, 0])];

impl ColourMap {
    /// The colour at `t`; outside `[0, 1]` the nearer end, light grey where `t` is not a number.
    pub fn at(self, t: f64) -> Colour {
        if t.is_nan() {
            return LIGHT;
        }
        let t = t.clamp(0.0, 1.0);
        match self {
            Self::Sequential => between(&VIRIDIS, t),
            Self::Diverging => between(&DIVERGING, t),
            Self::Ink => Colour([255; 3]).mix(INK, t),
            Self::Grey => Colour([0; 3]).mix(Colour([255; 3]), t),
        }
    }
}

/// The colour at `t` along colours in equal steps.
fn between(colours: &[Colour], t: f64) -> Colour {
    let place = t * (colours.len() - 1) as f64;
    let low = (place as usize).min(colours.len() - 2);
    colours[low].mix(colours[low + 1], place - low as f64)
}
