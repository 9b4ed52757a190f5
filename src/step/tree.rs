//! The order of sums over a batch, which is the same for every number of workers.
//!
//! A batch is cut into at most [`GROUPS`] groups of images. The sum of each group is taken alone, and one fixed binary tree joins
//! these sums. A worker has a run of groups. It takes the sums of the largest subtrees inside its run, and part 0 joins them with
//! those of the other workers. So every addition has the same two operands whoever computes it, and equal inputs give equal bits
//! with any number of workers.

use crate::math::float::Float;
use std::ops::Range;

/// Most groups of a batch. More groups divide the work more evenly between seven workers or so; fewer make longer products.
pub const GROUPS: usize = 16;

/// A subtree: a run of groups. One group is a leaf.
pub type Node = Range<usize>;

/// How many groups a batch has.
fn groups(batch: usize) -> usize {
    batch.min(GROUPS)
}

/// `count` things in `runs` runs of nearly equal length; longer runs come first.
fn cut(count: usize, runs: usize) -> impl Iterator<Item = Range<usize>> {
    let end = move |run: usize| run * (count / runs) + run.min(count % runs);
    (0..runs).map(move |run| end(run)..end(run + 1))
}

/// The groups of each worker: at most `workers` runs of nearly equal length, none empty.
fn shares(batch: usize, workers: usize) -> Vec<Range<usize>> {
    let groups = groups(batch);
    cut(groups, workers.min(groups)).collect()
}

/// The images of a run of groups.
fn images(batch: usize, run: &Range<usize>) -> Range<usize> {
    let mut inside = cut(batch, groups(batch)).skip(run.start).take(run.len());
    let first = inside.next().expect("a run has groups");
    first.start..inside.last().unwrap_or(first.clone()).end
}

/// The images of each worker: at most `workers` parts, none empty.
pub fn parts(batch: usize, workers: usize) -> Vec<Range<usize>> {
    shares(batch, workers).iter().map(|run| images(batch, run)).collect()
}

fn halves(node: &Node) -> [Node; 2] {
    let middle = node.start + node.len().div_ceil(2);
    [node.start..middle, middle..node.end]
}

/// The largest subtrees inside `run`, in their order.
fn nodes(batch: usize, run: &Range<usize>) -> Vec<Node> {
    let mut found = vec![];
    cover(0..groups(batch), run, &mut found);
    found
}

fn cover(node: Node, run: &Range<usize>, found: &mut Vec<Node>) {
    if run.start <= node.start && node.end <= run.end {
        found.push(node);
    } else if node.start < run.end && run.start < node.end {
        halves(&node).into_iter().for_each(|half| cover(half, run, found));
    }
}

/// Joins the sums of two neighbouring subtrees: the second into the first.
pub type Join<T> = fn(&mut [T], &[T]);

/// `sum += values`, of equal lengths.
pub fn add<T: Float>(sum: &mut [T], values: &[T]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += *value);
}

/// What a part of a batch has of its tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    batch: usize,
    /// The part's first image.
    first: usize,
    nodes: Vec<Node>,
}

impl Branch {
    /// The branch of the part that has these images of a batch.
    ///
    /// # Panics
    /// When they are not whole groups.
    pub fn new(batch: usize, images: Range<usize>) -> Branch {
        let ends = |end: fn(Range<usize>) -> usize, image| cut(batch, groups(batch)).position(|group| end(group) == image);
        let (start, last) = (ends(|group| group.start, images.start), ends(|group| group.end, images.end));
        let run = start.zip(last).map(|(start, last)| start..last + 1).expect("a part has whole groups");
        Branch { batch, first: images.start, nodes: nodes(batch, &run) }
    }

    /// Images of the whole batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Images of the part.
    pub fn images(&self) -> usize {
        self.nodes.iter().map(|node| images(self.batch, node).len()).sum()
    }

    /// How many sums the part has to pass on.
    pub fn sums(&self) -> usize {
        self.nodes.len()
    }

    /// Elements of space that [`Branch::take`] needs for sums of `length` elements, in a part of up to so many images.
    pub fn space(length: usize, images: usize) -> usize {
        groups(images).next_power_of_two().ilog2() as usize * length
    }

    /// Takes the sum of each of the branch's nodes. `group` overwrites its second argument with the sum over these images, counted
    /// from the part's first.
    pub fn take<'a, T: 'a>(
        &self,
        sums: impl Iterator<Item = &'a mut [T]>, // (sums)
        space: &mut [T],                         // (space)
        join: Join<T>,
        group: &mut dyn FnMut(Range<usize>, &mut [T]),
    ) {
        let mut of_group = |run: &Range<usize>, sum: &mut [T]| {
            let images = images(self.batch, run);
            group(images.start - self.first..images.end - self.first, sum);
        };
        self.nodes.iter().zip(sums).for_each(|(node, sum)| take(node, sum, space, join, &mut of_group));
    }
}

fn take<T>(node: &Node, sum: &mut [T], space: &mut [T], join: Join<T>, group: &mut dyn FnMut(&Range<usize>, &mut [T])) {
    if node.len() == 1 {
        return group(node, sum);
    }
    let [left, right] = halves(node);
    take(&left, sum, space, join, group);
    let (other, space) = space.split_at_mut(sum.len());
    take(&right, other, space, join, group);
    join(sum, other);
}

/// Joins the sums of all nodes of all `workers`, in their order, and leaves the batch's in the first of them; `None` if there are
/// more or fewer sums than nodes.
pub fn join_all<T>(batch: usize, workers: usize, sums: Vec<&mut [T]>, join: Join<T>) -> Option<()> {
    let nodes: Vec<Node> = shares(batch, workers).iter().flat_map(|run| nodes(batch, run)).collect();
    (nodes.len() == sums.len()).then(|| {
        join_under(&(0..groups(batch)), &mut nodes.iter().zip(sums).peekable(), join);
    })
}

/// The sum of `node`, from the next of those that are there.
fn join_under<'a, 'n, T: 'a>(
    node: &Node,
    sums: &mut std::iter::Peekable<impl Iterator<Item = (&'n Node, &'a mut [T])>>,
    join: Join<T>,
) -> &'a mut [T] {
    if let Some((_, sum)) = sums.next_if(|(next, _)| *next == node) {
        return sum;
    }
    let [left, right] = halves(node);
    let sum = join_under(&left, sums, join);
    join(sum, join_under(&right, sums, join));
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_images_and_differ_by_one_group_at_most() {
        assert_eq!(parts(7, 3), [0..3, 3..5, 5..7]);
        assert_eq!(parts(2, 8), [0..1, 1..2]);
        assert_eq!(parts(0, 2), []);
        // Groups of 3 and 2 images.
        assert_eq!(parts(40, 3), [0..18, 18..30, 30..40]);
        // With fewer images, no part is longer than with more: a helper has room for the largest batch's part.
        for workers in 1..=8 {
            for images in 1..140 {
                let (fewer, more) = (parts(images, workers), parts(images + 1, workers));
                assert!(fewer.iter().zip(&more).all(|(fewer, more)| fewer.len() <= more.len()), "{images} in {workers}");
            }
        }
    }

    #[test]
    fn a_run_is_made_of_its_largest_subtrees() {
        assert_eq!(nodes(16, &(0..16)), vec![0..16; 1]);
        assert_eq!(nodes(16, &(8..16)), vec![8..16; 1]);
        assert_eq!(nodes(16, &(5..11)), [5..6, 6..8, 8..10, 10..11]);
        assert_eq!(nodes(7, &(0..4)), vec![0..4; 1]);
        assert_eq!(nodes(7, &(4..7)), vec![4..7; 1]);
    }

    /// Sums as text show every operand: (((0 1) (2 3)) ...), for each batch and number of workers.
    #[test]
    fn every_number_of_workers_joins_the_same_operands() {
        let join: Join<String> = |left, right| left[0] = format!("({} {})", left[0], right[0]);
        for batch in 1..=128 {
            let by = |workers: usize| {
                let mut sums = vec![];
                for part in parts(batch, workers) {
                    let (first, branch) = (part.start, Branch::new(batch, part));
                    let mut own = vec![String::new(); branch.sums()];
                    branch.take(own.chunks_mut(1), &mut vec![String::new(); 4], join, &mut |images, sum| {
                        sum[0] = format!("{}-{}", first + images.start, first + images.end);
                    });
                    sums.extend(own);
                }
                join_all(batch, workers, sums.chunks_mut(1).collect(), join).unwrap();
                sums.swap_remove(0)
            };
            let one = by(1);
            assert_eq!(one.matches('-').count(), groups(batch));
            for workers in 2..=8 {
                assert_eq!(by(workers), one, "batch {batch}, {workers} workers");
            }
        }
    }
}
