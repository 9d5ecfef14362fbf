//! Schedules of CronJobs.
//!
//! Source of the contract: `robfig/cron:parser.go` as `kubernetes/kubernetes:pkg/apis/batch/validation` calls it.

const FIELDS: [(u32, u32, &[&str]); 5] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (0, 6, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
];

const DESCRIPTORS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// What is wrong with a schedule, in the parser's words.
pub(super) fn fault(text: &str) -> Option<String> {
    let mut text = text;
    if text.starts_with("TZ=") || text.starts_with("CRON_TZ=") {
        // Whether a zone may be named here depends on the minor and on the object's past.
        text = text.split_once(' ').map_or("", |(_, rest)| rest).trim();
    }
    if let Some(name) = text.strip_prefix('@') {
        let known = DESCRIPTORS.contains(&text) || name.starts_with("every ");
        return (!known).then(|| format!("unrecognized descriptor: {text}"));
    }
    let fields = text.split_whitespace().count();
    if fields != FIELDS.len() {
        return Some(format!("expected exactly 5 fields, found {fields}: [{}]", {
            let fields: Vec<&str> = text.split_whitespace().collect();
            fields.join(" ")
        }));
    }
    let mut parts = text.split_whitespace().zip(FIELDS);
    parts.find_map(|(field, bounds)| {
        field.split(',').filter(|part| !part.is_empty()).find_map(|part| range(part, bounds).err())
    })
}

fn range(part: &str, (least, most, names): (u32, u32, &[&str])) -> Result<(), String> {
    let number = |text: &str| -> Result<u32, String> {
        let lower = text.to_ascii_lowercase();
        match names.iter().position(|name| *name == lower) {
            // The first month is 1 and the first day of the week 0: the least of both.
            Some(at) => Ok(least + u32::try_from(at).unwrap_or_default()),
            None => text.parse().map_err(|_| format!("failed to parse int from {text}")),
        }
    };
    let (span, step) = match part.split_once('/') {
        Some((_, step)) if step.contains('/') => return Err(format!("too many slashes: {part}")),
        Some((span, step)) => (span, Some(step)),
        None => (part, None),
    };
    let (start, end) = match span.split_once('-') {
        _ if span == "*" || span == "?" => (least, most),
        Some((_, end)) if end.contains('-') => return Err(format!("too many hyphens: {part}")),
        Some((start, end)) => (number(start)?, number(end)?),
        None => {
            let start = number(span)?;
            (start, if step.is_some() { most } else { start })
        }
    };
    if let Some(step) = step
        && number(step)? == 0
    {
        return Err(format!("step of range should be a positive number: {part}"));
    }
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {part}"));
    }
    if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {part}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {part}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn schedules() {
        for good in [
            "* * * * *",
            "*/5 0-6 1,15 jan-MAR mon",
            "0 0 ? * *",
            "@daily",
            "@every 1h30m",
            "TZ=Europe/Berlin 0 0 * * *",
            "5/10 * * * *",
            "0  3 * * 6",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("x * * * *", "failed to parse int from x"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("* * * * 7", "end of range (7) above maximum (6): 7"),
            ("@sometimes", "unrecognized descriptor: @sometimes"),
        ] {
            assert_eq!(fault(bad).as_deref(), Some(why), "{bad}");
        }
    }
}
