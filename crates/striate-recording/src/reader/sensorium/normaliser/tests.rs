use super::*;

#[test]
fn statistics_align_with_the_first_axes_or_else_the_last() {
    let video = [36, 64, 300];
    assert_eq!(fitted(&[], &video), Some(vec![1, 1, 1]));
    assert_eq!(fitted(&[1, 1], &video), Some(vec![1, 1, 1]));
    assert_eq!(fitted(&[36, 64], &video), Some(vec![36, 64, 1]));
    assert_eq!(fitted(&[36, 64, 324], &video), Some(vec![36, 64, 324]));
    assert_eq!(fitted(&[300], &video), Some(vec![1, 1, 300]));
    assert_eq!(fitted(&[64, 36], &video), None);
    assert_eq!(fitted(&[5, 300], &[5, 300]), Some(vec![5, 300]));
    assert_eq!(fitted(&[5], &[5, 300]), Some(vec![5, 1]));
    assert_eq!(fitted(&[5, 299], &[5, 300]), None);
    assert_eq!(fitted(&[324], &[5, 300]), None);
    assert_eq!(fitted(&[144, 256], &[1, 144, 256]), Some(vec![1, 144, 256]));
    assert_eq!(fitted(&[2, 3, 4, 5], &video), None);
}
