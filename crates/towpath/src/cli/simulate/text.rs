//! What was played, for people: the timeline by day, the way of each release, what waited for what, or two policies side
//! by side. Must not compute: every number comes from the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use towpath_engine::simulate::{Happening, Journey, Moment, Simulation, Stay, Tally, Waited};

use super::Played;
use crate::cli::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use crate::cli::words::{count, table};

/// How many moments and releases are shown where nobody asks for all.
const SHOWN: usize = 200;

pub(super) fn alone(played: &Played, timeline: bool) -> String {
    let simulation = &played.simulation;
    let mut out = String::new();
    let moments = simulation.moments.len();
    if timeline || moments <= SHOWN {
        by_day(&mut out, simulation);
    } else {
        let said = format!("{moments} moments; --timeline prints them");
        let _ = writeln!(out, "{}\n", styled(DIM, said));
    }
    journeys(&mut out, simulation, timeline);
    let tallies = simulation.tallies();
    environments(&mut out, &tallies);
    waits(&mut out, &tallies);
    span(&mut out, simulation);
    assumptions(&mut out, &simulation.assumptions);
    out
}

/// Two policies, each number beside the other's.
pub(super) fn compared(one: &Played, other: &Played, same: bool) -> String {
    let name = |played: &Played| match &played.file {
        Some(file) => file.clone(),
        None => "towpath.yaml".to_owned(),
    };
    let mut out = String::new();
    for (letter, played) in [("A", one), ("B", other)] {
        let _ = writeln!(out, "{letter}  {}", styled(BOLD, name(played)));
    }
    out.push('\n');
    let mut rows: Vec<Vec<String>> = Vec::new();
    let all = [one.simulation.tallies(), other.simulation.tallies()];
    let mut names: Vec<String> = Vec::new();
    for tally in all.iter().flatten() {
        let name = tally.environment.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let failed = |p: &Played| p.simulation.failed_in_production().to_string();
    rows.push(row("", "releases that failed in production", failed(one), failed(other)));
    for name in &names {
        let [a, b] = all.each_ref().map(|t| t.iter().find(|t| t.environment.as_str() == name));
        if [a, b].iter().flatten().all(|tally| tally.released == 0) {
            continue;
        }
        let mut add = |what: &str, of: &dyn Fn(&Tally) -> String| {
            let told = |tally: Option<&Tally>| tally.map_or_else(|| "-".to_owned(), of);
            rows.push(row(name, what, told(a), told(b)));
        };
        let lead = |of: Option<Duration>| of.map_or_else(|| "-".to_owned(), long);
        add("lead time, median", &|t| lead(t.lead.map(|l| l.median)));
        add("lead time, 9 of 10", &|t| lead(t.lead.map(|l| l.p90)));
        add("releases that arrived", &|t| format!("{} of {}", t.arrived, t.released));
        add("skipped", &|t| t.skipped.to_string());
        add("failed", &|t| t.failed.to_string());
        add("promotions", &|t| t.promotions.to_string());
        add("rollbacks", &|t| t.rollbacks.to_string());
        let mut waited: BTreeMap<String, [Duration; 2]> = BTreeMap::new();
        for (i, tally) in [a, b].into_iter().enumerate() {
            for one in tally.map_or(&[][..], |t| &t.waited) {
                waited.entry(one.what.to_string()).or_default()[i] = one.time;
            }
        }
        for (what, [a, b]) in waited {
            rows.push(row(name, &format!("waited for {what}"), long(a), long(b)));
        }
    }
    rows.retain(|row| row[2] != "0" || row[3] != "0");
    let mut last = String::new();
    for row in &mut rows {
        match row[0] == last {
            true => row[0].clear(),
            false => last.clone_from(&row[0]),
        }
    }
    out.push_str(&table(&["environment", "", "A", "B"], rows));
    out.push('\n');
    let verdict = match same {
        true => styled(GREEN, "both come to the same"),
        false => styled(YELLOW, "they differ"),
    };
    let _ = writeln!(out, "{verdict}");
    span(&mut out, &one.simulation);
    let mut all = one.simulation.assumptions.clone();
    for assumption in &other.simulation.assumptions {
        if !all.contains(assumption) {
            all.push(format!("in B, {assumption}"));
        }
    }
    assumptions(&mut out, &all);
    out
}

fn row(environment: &str, what: &str, one: String, other: String) -> Vec<String> {
    vec![environment.to_owned(), what.to_owned(), one, other]
}

fn by_day(out: &mut String, simulation: &Simulation) {
    let day = |at: Timestamp| at.strftime("%a %Y-%m-%d").to_string();
    // Where nothing more is asked than that it runs, arrival says it.
    let place = |m: &Moment| (m.at, m.environment.clone(), m.component.clone());
    let arrived = simulation.moments.iter().filter(|m| m.what == Happening::Arrived);
    let arrived: BTreeSet<_> = arrived.map(place).collect();
    let is_news = |m: &&Moment| m.what != Happening::Verified || !arrived.contains(&place(m));
    let told: Vec<&Moment> = simulation.moments.iter().filter(is_news).collect();
    for moments in told.chunk_by(|a, b| day(a.at) == day(b.at)) {
        let Some(first) = moments.first() else { continue };
        let _ = writeln!(out, "{}", styled(BOLD, day(first.at)));
        for moment in moments {
            let _ = writeln!(out, "  {}  {}", moment.at.strftime("%H:%M"), line(moment));
        }
    }
    if !simulation.moments.is_empty() {
        out.push('\n');
    }
}

fn line(moment: &Moment) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(moment.environment.as_ref().map(ToString::to_string));
    parts.extend(moment.component.as_ref().map(ToString::to_string));
    parts.extend(moment.version.as_ref().map(ToString::to_string));
    let style = match &moment.what {
        Happening::Arrived => GREEN,
        Happening::Failed { .. }
        | Happening::PromotionFailed { .. }
        | Happening::Tested { passed: false, .. }
        | Happening::Reported { success: false, .. }
        | Happening::RolledBack { .. } => RED,
        Happening::Frozen { .. }
        | Happening::Lost { .. }
        | Happening::Broken { .. }
        | Happening::Fires { .. } => YELLOW,
        _ => DIM,
    };
    let said = match &moment.what {
        // What went back from stands behind the word.
        Happening::RolledBack { .. } => "rolled back to it".to_owned(),
        Happening::Released { .. } => "released".to_owned(),
        Happening::Approved { .. } => "approved".to_owned(),
        Happening::Promoted { begins: true, .. } => "promoted".to_owned(),
        Happening::Promoted { .. } => "goes on".to_owned(),
        Happening::Arrived => "arrived".to_owned(),
        Happening::Verified => "verified".to_owned(),
        Happening::Failed { .. } => "failed".to_owned(),
        Happening::Recovered { .. } => "healthy again".to_owned(),
        Happening::PromotionFailed { .. } => "promotion failed".to_owned(),
        Happening::Tested { test, passed } => {
            format!("test {test} {}", if *passed { "passed" } else { "failed" })
        }
        Happening::Reported { name, success } => {
            format!("{name} is {}", if *success { "success" } else { "failure" })
        }
        Happening::Frozen { .. } => match moment.environment {
            Some(_) => "frozen".to_owned(),
            None => "all environments frozen".to_owned(),
        },
        Happening::Thawed => match moment.environment {
            Some(_) => "no longer frozen".to_owned(),
            None => "all environments no longer frozen".to_owned(),
        },
        Happening::Lost { .. } => "lost".to_owned(),
        Happening::Found { .. } => "found again".to_owned(),
        Happening::Broken { .. } => "broken".to_owned(),
        Happening::Mended { .. } => "mended".to_owned(),
        Happening::Fires { .. } => "alert fires".to_owned(),
        Happening::Resolved { .. } => "alert is resolved".to_owned(),
    };
    parts.push(styled(style, said));
    let detail = detail(&moment.what);
    if !detail.is_empty() {
        parts.push(styled(DIM, format!("({detail})")));
    }
    parts.join(" ")
}

/// What else is to be said of a moment.
pub(super) fn detail(what: &Happening) -> String {
    match what {
        Happening::Released { by } | Happening::Approved { by } => format!("by {}", person(by)),
        Happening::Promoted { by, automatic, clusters, of, skipped, .. } => {
            let mut parts = Vec::new();
            if !automatic {
                parts.push(format!("by {}", person(by)));
            }
            match clusters == of {
                true => parts.push(count(*of, "cluster")),
                false => parts.push(format!("{clusters} of {}", count(*of, "cluster"))),
            }
            if !skipped.is_empty() {
                let skipped: Vec<String> = skipped.iter().map(ToString::to_string).collect();
                parts.push(format!("without {}", skipped.join(", ")));
            }
            parts.join(", ")
        }
        Happening::RolledBack { by: _, from } => {
            from.as_ref().map(|from| format!("from {from}")).unwrap_or_default()
        }
        Happening::Failed { clusters } | Happening::Recovered { clusters } => {
            format!("on {}", count(*clusters, "cluster"))
        }
        Happening::PromotionFailed { why } => shortened(why),
        Happening::Frozen { reason } => reason.clone(),
        Happening::Lost { clusters }
        | Happening::Found { clusters }
        | Happening::Broken { clusters }
        | Happening::Mended { clusters } => shortened(&clusters.join(", ")),
        Happening::Fires { labels } | Happening::Resolved { labels } => labels.clone(),
        Happening::Arrived
        | Happening::Verified
        | Happening::Tested { .. }
        | Happening::Reported { .. }
        | Happening::Thawed => String::new(),
    }
}

/// A duration as people compare them: its two largest units.
fn long(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{}s", duration.as_secs()),
        (0, 0, m) => format!("{m}m"),
        (0, h, 0) => format!("{h}h"),
        (0, h, m) => format!("{h}h {m}m"),
        (d, 0, _) => format!("{d}d"),
        (d, h, _) => format!("{d}d {h}h"),
    }
}

fn person(by: &str) -> &str {
    by.split(" <").next().unwrap_or(by)
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// From each release, how long it took to each environment.
fn journeys(out: &mut String, simulation: &Simulation, all: bool) {
    if simulation.journeys.is_empty() {
        out.push_str("no release appeared\n\n");
        return;
    }
    let names: Vec<String> = simulation
        .environments
        .iter()
        .map(|(name, _)| name.to_string())
        .filter(|name| {
            let mut stays = simulation.journeys.iter().flat_map(|j| &j.stays);
            stays.any(|s| s.environment.as_str() == name)
        })
        .collect();
    let shown = if all { simulation.journeys.len() } else { SHOWN };
    let rows = simulation.journeys.iter().take(shown).map(|journey| {
        let mut row = vec![
            format!("{} {}", journey.component, journey.version),
            journey.released.strftime("%Y-%m-%d %H:%M").to_string(),
        ];
        row.extend(names.iter().map(|name| {
            let stay = journey.stays.iter().find(|s| s.environment.as_str() == name);
            stay.map_or_else(|| "-".to_owned(), |stay| told(journey, stay))
        }));
        row
    });
    let mut heads = vec!["release", "released"];
    heads.extend(names.iter().map(String::as_str));
    out.push_str(&table(&heads, rows.collect()));
    if simulation.journeys.len() > shown {
        let more = simulation.journeys.len() - shown;
        let _ = writeln!(out, "{}", styled(DIM, format!("and {more} more")));
    }
    out.push('\n');
}

fn told(journey: &Journey, stay: &Stay) -> String {
    let failed = if stay.failed.is_some() { ", failed" } else { "" };
    match (journey.lead(stay), stay.skipped) {
        (Some(lead), _) => format!("{}{failed}", long(lead)),
        (None, _) if stay.failed.is_some() => "failed".to_owned(),
        (None, true) => "skipped".to_owned(),
        (None, false) => "waits".to_owned(),
    }
}

fn environments(out: &mut String, tallies: &[Tally]) {
    let rows = tallies.iter().filter(|t| t.released > 0).map(|t| {
        let lead = |of: Option<Duration>| of.map_or_else(|| "-".to_owned(), long);
        vec![
            t.environment.to_string(),
            format!("{} of {}", t.arrived, t.released),
            lead(t.lead.map(|l| l.median)),
            lead(t.lead.map(|l| l.p90)),
            t.skipped.to_string(),
            t.failed.to_string(),
            t.promotions.to_string(),
            t.rollbacks.to_string(),
        ]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let heads = [
        "environment",
        "arrived",
        "lead, median",
        "9 of 10",
        "skipped",
        "failed",
        "promotions",
        "rollbacks",
    ];
    out.push_str(&table(&heads, rows));
    out.push('\n');
}

fn waits(out: &mut String, tallies: &[Tally]) {
    let of = |tally: &Tally| {
        let name = tally.environment.to_string();
        let row =
            move |w: &Waited| vec![name.clone(), w.what.to_string(), long(w.time), long(w.alone)];
        tally.waited.iter().map(row).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = tallies.iter().flat_map(of).collect();
    if rows.is_empty() {
        return;
    }
    out.push_str(&table(&["environment", "waited for", "in all", "for nothing else"], rows));
    out.push('\n');
}

fn span(out: &mut String, simulation: &Simulation) {
    let time = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    let said = format!("played from {} to {} UTC", time(simulation.start), time(simulation.end));
    let _ = writeln!(out, "{}", styled(DIM, said));
}

fn assumptions(out: &mut String, assumptions: &[String]) {
    if assumptions.is_empty() {
        return;
    }
    out.push_str("taken for granted:\n");
    for assumption in assumptions {
        let _ = writeln!(out, "  - {assumption}");
    }
}
