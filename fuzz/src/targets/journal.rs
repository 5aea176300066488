//! A journal of alerts, which others may have written into.

use fluxguard::alert::read_journal;

use super::with_file;

pub fn run(bytes: &[u8]) {
    with_file(bytes, |path| {
        if let Ok((alerts, _)) = read_journal(path) {
            alerts.iter().for_each(|alert| drop(format!("{alert:?}")));
        }
    });
}

/// An alert with everything in it, cut short, and twice.
pub fn seeds() -> Vec<Vec<u8>> {
    let line = br#"{"id":1,"time":"2024-10-26T22:50:00Z","guard":"g","model":"m","kind":"drift","severity":"warning","feature":"y1","class":null,"test":"ks","statistic":0.3,"p_value":1e-9,"adjusted_p_value":"NaN","effect":0.3,"threshold":1e-4,"false_alarm_rate":1e-4,"false_alarms":"one a week","window":{"index":6,"first":500,"last":599,"observations":100,"seconds":1.5},"message":"moved","found":1,"features":[{"name":"y1","test":"ks","statistic":0.3,"p_value":1e-9,"effect":null}]}"#;
    vec![line.to_vec(), line[..30].to_vec(), [&line[..], b"\n", line, b"\n"].concat()]
}
