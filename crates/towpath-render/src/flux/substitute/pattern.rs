//! Shell patterns at the ends of a value: `*`, `?`, `[...]` and `\`.
//!
//! Source of the contract: `fluxcd/pkg:envsubst/{funcs,path/match}.go`: `*` takes slashes too, and a malformed pattern
//! changes nothing.

/// A pattern is malformed.
struct Malformed;

/// `value` without what `pattern` matches at its start.
pub(super) fn without_prefix(value: &str, pattern: &str, longest: bool) -> String {
    let (value, pattern): (Vec<char>, Vec<char>) =
        (value.chars().collect(), pattern.chars().collect());
    value[matched(&value, &pattern, longest)..].iter().collect()
}

/// `value` without what `pattern` matches at its end; both are read backwards, as Flux does.
pub(super) fn without_suffix(value: &str, pattern: &str, longest: bool) -> String {
    let (value, pattern): (Vec<char>, Vec<char>) =
        (value.chars().rev().collect(), pattern.chars().rev().collect());
    value[matched(&value, &pattern, longest)..].iter().rev().collect()
}

/// How many characters of `value` the pattern takes from its start.
fn matched(value: &[char], pattern: &[char], longest: bool) -> usize {
    let mut shortest = 0;
    for length in (1..=value.len()).rev() {
        match matches(pattern, &value[..length]) {
            Err(Malformed) => return 0,
            Ok(true) if longest => return length,
            Ok(true) => shortest = length,
            Ok(false) => {}
        }
    }
    shortest
}

fn matches(mut pattern: &[char], mut name: &[char]) -> Result<bool, Malformed> {
    'pattern: while !pattern.is_empty() {
        let stars = pattern.iter().take_while(|c| **c == '*').count();
        let (chunk, rest) = chunk(&pattern[stars..]);
        pattern = rest;
        if stars > 0 && chunk.is_empty() {
            return Ok(true);
        }
        if let Some(left) = match_chunk(chunk, name)?
            && (left.is_empty() || !pattern.is_empty())
        {
            name = left;
            continue;
        }
        if stars > 0 {
            for skipped in 1..=name.len() {
                if let Some(left) = match_chunk(chunk, &name[skipped..])?
                    && (left.is_empty() || !pattern.is_empty())
                {
                    name = left;
                    continue 'pattern;
                }
            }
        }
        return Ok(false);
    }
    Ok(name.is_empty())
}

/// The pattern up to its next star.
fn chunk(pattern: &[char]) -> (&[char], &[char]) {
    let (mut at, mut in_class) = (0, false);
    while at < pattern.len() {
        match pattern[at] {
            '\\' if at + 1 < pattern.len() => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    pattern.split_at(at)
}

/// What is left of `name` behind the chunk; none if it does not match.
fn match_chunk<'n>(
    mut chunk: &[char],
    mut name: &'n [char],
) -> Result<Option<&'n [char]>, Malformed> {
    while let Some((first, rest)) = chunk.split_first() {
        let Some((c, left)) = name.split_first() else { return Ok(None) };
        name = left;
        chunk = rest;
        match first {
            '[' => {
                let (hit, rest) = class(chunk, *c)?;
                chunk = rest;
                if !hit {
                    return Ok(None);
                }
            }
            '?' => {}
            '\\' => {
                let (literal, rest) = chunk.split_first().ok_or(Malformed)?;
                chunk = rest;
                if literal != c {
                    return Ok(None);
                }
            }
            literal if literal != c => return Ok(None),
            _ => {}
        }
    }
    Ok(Some(name))
}

/// Whether `c` is in the class whose `[` is passed, and what follows it.
fn class(mut chunk: &[char], c: char) -> Result<(bool, &[char]), Malformed> {
    let negated = chunk.first() == Some(&'^');
    if negated {
        chunk = &chunk[1..];
    }
    let (mut hit, mut ranges) = (false, 0);
    loop {
        if ranges > 0 && chunk.first() == Some(&']') {
            return Ok((hit != negated, &chunk[1..]));
        }
        let (low, rest) = class_char(chunk)?;
        let (high, rest) =
            if rest.first() == Some(&'-') { class_char(&rest[1..])? } else { (low, rest) };
        chunk = rest;
        hit |= (low..=high).contains(&c);
        ranges += 1;
    }
}

fn class_char(chunk: &[char]) -> Result<(char, &[char]), Malformed> {
    let (c, rest) = match chunk {
        [] | ['-' | ']', ..] => return Err(Malformed),
        ['\\', c, rest @ ..] | [c, rest @ ..] => (*c, rest),
    };
    if rest.is_empty() { Err(Malformed) } else { Ok((c, rest)) }
}
