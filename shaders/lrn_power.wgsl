// What both forms of local response normalisation share. Constant: BETA.

// s^-beta; s is at least k > 0.
fn inverse_power(s: vec4f) -> vec4f {
    if BETA == 0.75 {
        let root = inverseSqrt(s);
        return root * sqrt(root);
    }
    return pow(s, vec4f(-BETA));
}
