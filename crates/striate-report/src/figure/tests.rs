use super::*;

fn axes() -> Plot {
    Plot::new(Axis::new("x (s)"), Axis::new("y"))
}

#[test]
fn text_is_escaped() {
    let svg = Plot::new(Axis::new("<script>alert(1)</script>"), Axis::new("a & b"))
        .title("\"quoted\" \u{0}")
        .line(Line::new(&[0.0, 1.0], &[0.0, 1.0], colour::TWIN).label("<b>"))
        .to_svg();
    assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains('\u{0}'));
    assert!(svg.contains("&lt;script&gt;") && svg.contains("a &amp; b"));
}

#[test]
fn a_value_that_is_not_finite_interrupts_a_line() {
    let x = [0.0, 1.0, 2.0, 3.0, 4.0];
    let y = [0.0, 1.0, f64::NAN, 1.0, f64::INFINITY];
    let svg = axes().line(Line::new(&x, &y, colour::TWIN)).to_svg();
    let path = svg.split("<path d=\"").nth(1).and_then(|s| s.split('"').next()).unwrap_or("");
    assert_eq!(path.matches('M').count(), 2, "{path}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
}

#[test]
fn empty_and_constant_data_still_make_a_figure() {
    for y in [vec![], vec![3.0], vec![3.0, 3.0], vec![f64::NAN]] {
        let x: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
        let points = Points::new(&x, &y, ColourBy::Same(colour::TWIN));
        let svg = axes().points(points).rule(Rule::diagonal(colour::GREY)).to_svg();
        assert!(svg.ends_with("</svg>") && !svg.contains("NaN"), "{svg}");
    }
}

#[test]
fn many_points_share_one_path_per_colour() {
    let x: Vec<f64> = (0..5000).map(f64::from).collect();
    let few = axes().points(Points::new(&x[..100], &x[..100], ColourBy::Same(colour::TWIN)));
    let many = axes().points(Points::new(&x, &x, ColourBy::Same(colour::TWIN)));
    assert_eq!(few.to_svg().matches("<circle").count(), 100);
    assert_eq!(many.to_svg().matches("h0").count(), 5000);
    assert_eq!(many.to_svg().matches("<path").count(), 1);
}

#[test]
fn image_rows_grow_downwards_and_units_are_square() {
    let svg = Plot::new(
        Axis::new("x (px)").range(0.0, 64.0).ticks(TickLabels::Hidden),
        Axis::new("y (px)").range(0.0, 36.0).downwards().ticks(TickLabels::Hidden),
    )
    .equal_aspect()
    .points(Points::new(&[0.0, 64.0, 0.0], &[0.0, 0.0, 36.0], ColourBy::Same(colour::TWIN)))
    .to_svg();
    let place = |n: usize, name: &str| -> f64 {
        let circle = svg.split("<circle ").nth(n).unwrap();
        let from = circle.find(name).unwrap() + name.len() + 2;
        circle[from..].split('"').next().unwrap().parse().unwrap()
    };
    let width = place(2, "cx") - place(1, "cx");
    let height = place(3, "cy") - place(1, "cy");
    assert!(height > 0.0);
    // Coordinates are written with two decimals.
    assert!((width / height - 64.0 / 36.0).abs() < 1e-2, "{width} {height}");
}

#[test]
fn labels_of_close_lines_do_not_overlap() {
    let x = [0.0, 1.0];
    let svg = axes()
        .line(Line::new(&x, &[0.0, 0.500], colour::TWIN).label("alpha"))
        .line(Line::new(&x, &[1.0, 0.501], colour::BASELINE).label("beta"))
        .to_svg();
    let row = |name: &str| -> f64 {
        let end = svg.find(&format!(">{name}<")).unwrap();
        let tag = &svg[svg[..end].rfind("<text").unwrap()..end];
        tag.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
    };
    assert!((row("alpha") - row("beta")).abs() >= 12.0);
}

#[test]
fn pixels_outside_the_canvas_are_cut_off() {
    let mut canvas = pixel::PixelCanvas::new(10, 6, Colour([0; 3]));
    canvas.text([4, 2], "M\u{4e2d}", 1, colour::BLUE);
    canvas.fill([8, 4], [100, 100], colour::GREEN);
    canvas.outline([0, 0], [10, 6], colour::GREY);
    assert_eq!(canvas.pixels().len(), 10 * 6 * 3);
    assert_eq!(canvas.pixels()[(5 * 10 + 8) * 3..][..3], colour::GREEN.0);
    assert!(canvas.pixels().chunks(3).any(|p| p == colour::BLUE.0));
}

#[test]
fn a_picture_is_explained_by_a_bar() {
    let uri = data_uri_image(ndarray::array![[0.0, 1.0]].view(), ColourMap::Grey, [0.0, 1.0], 1);
    let picture = Picture::new(uri.clone(), [0.0, 2.0], [0.0, 1.0]);
    let plot = |picture| Plot::new(Axis::new("x"), Axis::new("y")).picture(picture).to_svg();
    let bare = plot(picture.clone());
    assert!(bare.contains(&uri) && !bare.contains("luminance"));
    let explained = plot(picture.bar([0.0, 1.0], ColourMap::Grey, "luminance"));
    assert!(explained.contains("luminance") && explained.matches("<rect").count() > 40);
    let four = data_uri_image(ndarray::array![[0.0, 1.0]].view(), ColourMap::Grey, [0.0, 1.0], 4);
    assert!(four.len() > uri.len(), "every value is four dots wide");
}
