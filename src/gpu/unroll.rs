//! Writes out the loops of a shader before the compiler sees them: sums stay in registers only when every index is known by then.
//!
//! A line that starts with `#` opens or ends a block:
//! * `#for p in N` repeats the lines up to its `#end` with `p` from 0 to `N - 1`;
//! * `#if a < b` keeps them where the expression is not 0;
//! * `#entry forward` keeps them in the text of that entry point, or of several: `#entry backward backward_weight`.
//!
//! `$p` and `$(p * STRIDE + k)` become numbers. Expressions are of whole numbers, loop variables, the dispatch's constants,
//! parentheses, and the operators below with the precedence of WGSL.

use super::kernels::Constant;

/// From the weakest to the strongest. A two-letter operator comes before the one that it starts with.
const OPERATORS: [&[&str]; 5] = [&["||"], &["&&"], &["<=", ">=", "==", "!=", "<", ">"], &["+", "-"], &["*", "/", "%"]];

/// Writes out the blocks of `source`.
///
/// When a block has no end, or an expression cannot be parsed: the source is part of the program.
/// When a block has no end, or an expression cannot be read: the source is part of the program.
pub fn unroll(source: &str, entry: &str, constants: &[(&str, Constant)]) -> String {
    let whole = |(name, constant): &(&str, Constant)| match constant {
        Constant::Whole(value) => Some((name.to_string(), i64::from(*value))),
        Constant::Float(_) | Constant::Switch(_) => None,
    };
    let mut unroller = Unroller { entry, names: constants.iter().filter_map(whole).collect(), text: String::new() };
    unroller.lines(&source.lines().collect::<Vec<_>>());
    unroller.text
}

struct Unroller<'a> {
    entry: &'a str,
    names: Vec<(String, i64)>,
    text: String,
}

impl Unroller<'_> {
    fn lines(&mut self, lines: &[&str]) {
        let mut rest = lines;
        while let [line, after @ ..] = rest {
            rest = match line.trim().strip_prefix('#') {
                Some(directive) => {
                    let (body, after) = after.split_at(end(after));
                    self.block(directive, body);
                    &after[1..]
                }
                None => {
                    self.line(line);
                    after
                }
            };
        }
    }

    fn block(&mut self, directive: &str, body: &[&str]) {
        let (kind, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        match (kind, rest.split_once(" in ")) {
            ("for", Some((name, count))) => {
                for value in 0..self.value(count) {
                    self.names.push((name.into(), value));
                    self.lines(body);
                    self.names.pop();
                }
            }
            ("if", _) if self.value(rest) == 0 => {}
            ("if", _) => self.lines(body),
            ("entry", _) if rest.split(' ').all(|entry| entry != self.entry) => {}
            ("entry", _) => self.lines(body),
            _ => panic!("#{directive}: for, if or entry"),
        }
    }

    /// Appends a line with its expressions replaced by numbers.
    fn line(&mut self, line: &str) {
        let mut pieces = line.split('$');
        let mut text: String = pieces.next().unwrap_or_default().into();
        for piece in pieces {
            let length = match piece.starts_with('(') {
                true => closing(piece) + 1,
                false => piece.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(piece.len()),
            };
            text += &self.value(&piece[..length]).to_string();
            text += &piece[length..];
        }
        self.text += &text;
        self.text.push('\n');
    }

    fn value(&self, expression: &str) -> i64 {
        let mut rest = expression.trim();
        let value = self.operation(&mut rest, 0);
        assert!(rest.is_empty(), "`{rest}` is left of `{expression}`");
        value
    }

    /// The value of operators of `level` and stronger ones.
    fn operation(&self, rest: &mut &str, level: usize) -> i64 {
        let Some(operators) = OPERATORS.get(level) else { return self.atom(rest) };
        let mut left = self.operation(rest, level + 1);
        while let Some(operator) = operators.iter().find(|operator| rest.starts_with(**operator)) {
            *rest = rest[operator.len()..].trim_start();
            let right = self.operation(rest, level + 1);
            left = apply(operator, left, right);
        }
        left
    }

    fn atom(&self, rest: &mut &str) -> i64 {
        if rest.starts_with('(') {
            let end = closing(rest);
            let inner = &rest[1..end];
            *rest = rest[end + 1..].trim_start();
            return self.value(inner);
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..end];
        *rest = rest[end..].trim_start();
        let name = self.names.iter().rev().find(|(name, _)| name == word);
        name.map(|(_, value)| *value).or_else(|| word.parse().ok()).unwrap_or_else(|| panic!("`{word}` is no number"))
    }
}

fn apply(operator: &str, left: i64, right: i64) -> i64 {
    match operator {
        "||" => i64::from(left != 0 || right != 0),
        "&&" => i64::from(left != 0 && right != 0),
        "<=" => i64::from(left <= right),
        ">=" => i64::from(left >= right),
        "==" => i64::from(left == right),
        "!=" => i64::from(left != right),
        "<" => i64::from(left < right),
        ">" => i64::from(left > right),
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => left % right,
    }
}

/// The line of the `#end` that belongs to the block whose body starts `lines`.
fn end(lines: &[&str]) -> usize {
    let mut depth = 1;
    let mut ends = lines.iter().map(|line| {
        let line = line.trim();
        depth += if line == "#end" { -1 } else { i32::from(line.starts_with('#')) };
        depth == 0
    });
    ends.position(|ends| ends).expect("a block has its #end")
}

/// The place of the parenthesis that closes the one at the start.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let mut closes = text.chars().map(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        depth == 0
    });
    closes.position(|closes| closes).expect("a parenthesis is closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTANTS: [(&str, Constant); 2] = [("N", Constant::Whole(2)), ("STRIDE", Constant::Whole(3))];

    #[test]
    fn blocks_are_written_out() {
        let source = "a\n#entry forward\n#for p in N + 1\n  #if p == 0 || p >= N\nx_$p_$(p * STRIDE + 1);\n#end\n#end\n#end\nz";
        assert_eq!(unroll(source, "forward", &CONSTANTS), "a\nx_0_1;\nx_2_7;\nz\n");
        assert_eq!(unroll(source, "backward", &CONSTANTS), "a\nz\n");
        let shared = |entry| unroll("#entry backward backward_weight\ny\n#end\nz", entry, &CONSTANTS);
        assert_eq!(["backward", "backward_weight", "forward"].map(shared), ["y\nz\n", "y\nz\n", "z\n"]);
    }

    #[test]
    fn precedence_is_that_of_wgsl() {
        let value = |expression: &str| unroll(&format!("$({expression})"), "", &CONSTANTS).trim().to_string();
        let cases = [("1 + N * 3", "7"), ("(1 + N) * STRIDE - 4", "5"), ("8 - 2 - 1", "5"), ("7 / 2 % 2", "1")];
        for (expression, wanted) in cases.into_iter().chain([("1 < N && 2 <= 1 || N == 2", "1"), ("N != 2", "0")]) {
            assert_eq!(value(expression), wanted, "{expression}");
        }
    }

    #[test]
    #[should_panic(expected = "`M` is no number")]
    fn an_unknown_name_is_told() {
        unroll("#for p in M\n#end", "", &CONSTANTS);
    }
}
