// Softmax and cross-entropy. Constants: CLASSES.

@group(0) @binding(0) var<storage, read> logits: array<f32>; // (batch, classes)
@group(0) @binding(1) var<storage, read> labels: array<u32>; // (batch)
@group(0) @binding(2) var<storage, read_write> probabilities: array<f32>; // (batch, classes)
@group(0) @binding(3) var<storage, read_write> grad_logits: array<f32>;   // (batch, classes)
@group(0) @binding(4) var<storage, read_write> result: vec2f; // mean loss; how many images have their largest logit at their label

const ROW: u32 = (CLASSES + 3) / 4 * 4;

struct Softmax {
    largest: f32,
    best: u32, // the first class with the largest logit
    sum: f32,  // of exp(logit - largest)
}

fn softmax(first: u32) -> Softmax {
    var s = Softmax(logits[first], 0, 0.0);
    for (var i = 1u; i < CLASSES; i++) {
        if logits[first + i] > s.largest {
            s.largest = logits[first + i];
            s.best = i;
        }
    }
    for (var i = 0u; i < CLASSES; i++) {
        let p = exp(logits[first + i] - s.largest);
        probabilities[first + i] = p;
        s.sum += p;
    }
    for (var i = 0u; i < CLASSES; i++) {
        probabilities[first + i] /= s.sum;
    }
    return s;
}

// Evaluation: probabilities only, one thread per image.
@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
    let image = thread_index(group, local);
    if image < BATCH {
        let s = softmax(image * ROW);
    }
}

// Training: grad z_i = (p_i - [i = label]) / batch. One workgroup, which adds up the images in a fixed order.
var<workgroup> sums: array<vec2f, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn forward_backward(@builtin(local_invocation_index) local: u32) {
    var sum = vec2f(0.0);
    for (var image = local; image < BATCH; image += WORKGROUP) {
        sum += loss_and_gradient(image);
    }
    sums[local] = sum;
    workgroupBarrier();
    if local != 0 {
        return;
    }
    for (var i = 1u; i < WORKGROUP; i++) {
        sum += sums[i];
    }
    result = vec2f(sum.x / f32(BATCH), sum.y);
}

// The loss of an image, and 1 where the largest logit is the label's.
fn loss_and_gradient(image: u32) -> vec2f {
    let first = image * ROW;
    let label = labels[image];
    let s = softmax(first);
    for (var i = 0u; i < ROW; i++) {
        let target_share = select(0.0, 1.0, i == label);
        grad_logits[first + i] = select(0.0, (probabilities[first + min(i, CLASSES - 1)] - target_share) / f32(BATCH), i < CLASSES);
    }
    return vec2f(log(s.sum) - (logits[first + label] - s.largest), f32(s.best == label));
}
