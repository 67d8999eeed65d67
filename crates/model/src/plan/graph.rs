//! The dependency graph of a plan: waves, critical path, priorities.

use super::diagnostic::{Diagnostic, sort};
use super::{Plan, problems};
use crate::ids::PhaseNumber;

/// Adjacency in two arrays: the neighbours of node `i` are `targets[starts[i]..starts[i + 1]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Adjacency {
    starts: Vec<usize>,
    targets: Vec<u32>,
}

impl Adjacency {
    /// From pairs (from, to) over `nodes` nodes, in two passes. Neighbours keep the order of the pairs.
    pub(super) fn new(nodes: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut starts = vec![0; nodes + 1];
        for (from, _) in pairs.clone() {
            starts[from + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let mut targets = vec![0; starts[nodes]];
        for (from, to) in pairs {
            targets[next[from]] = u32::try_from(to).unwrap_or(u32::MAX);
            next[from] += 1;
        }
        Self { starts, targets }
    }

    pub(super) fn of(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.targets[self.starts[node]..self.starts[node + 1]].iter().map(|target| *target as usize)
    }

    pub(super) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }
}

/// The place of a number in an ascending list. Plans mostly count 1, 2, 3 …, which needs no search.
pub(super) fn place(numbers: &[PhaseNumber], number: PhaseNumber) -> Option<usize> {
    let guess = number.0.checked_sub(numbers.first()?.0)? as usize;
    if numbers.get(guess) == Some(&number) {
        return Some(guess);
    }
    numbers.binary_search(&number).ok()
}

/// The graph of a plan whose dependencies are sound: known, and free of cycles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// Ascending; the place in it is a node.
    numbers: Vec<PhaseNumber>,
    dependencies: Adjacency,
    dependents: Adjacency,
    /// The nodes, each after all it depends on.
    order: Vec<u32>,
    /// The longest path from each node to an end, in phases, itself included.
    heights: Vec<u64>,
}

impl Graph {
    /// The graph of a plan.
    ///
    /// # Errors
    ///
    /// All faults that leave no order to run the phases in: duplicate numbers, unknown and self
    /// dependencies, and every cycle.
    pub fn new(plan: &Plan) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = problems::of_graph(plan);
        if !faults.is_empty() {
            sort(&mut faults);
            return Err(faults);
        }
        Ok(Self::of_sound(plan))
    }

    /// The graph of a plan in which [`problems::of_graph`] found nothing.
    pub(super) fn of_sound(plan: &Plan) -> Self {
        let mut numbers: Vec<_> = plan.phases.iter().map(|phase| phase.number).collect();
        numbers.sort_unstable();
        let pairs = problems::edges(plan, &numbers);
        let nodes = numbers.len();
        let dependencies = Adjacency::new(nodes, pairs.iter().copied());
        let dependents = Adjacency::new(nodes, pairs.iter().map(|(from, to)| (*to, *from)));
        let order = topological(&dependencies, &dependents);
        let mut graph = Self { numbers, dependencies, dependents, order, heights: Vec::new() };
        graph.heights = graph.longest_to_end(|_| 1);
        graph
    }

    /// All phases, ascending.
    #[must_use]
    pub fn phases(&self) -> &[PhaseNumber] {
        &self.numbers
    }

    /// The phases that a phase waits for, ascending; none for an unknown phase.
    pub fn dependencies(&self, phase: PhaseNumber) -> impl Iterator<Item = PhaseNumber> + '_ {
        self.neighbours(&self.dependencies, phase)
    }

    /// The phases that wait for a phase, ascending; none for an unknown phase.
    pub fn dependents(&self, phase: PhaseNumber) -> impl Iterator<Item = PhaseNumber> + '_ {
        self.neighbours(&self.dependents, phase)
    }

    /// The phases by depth: a phase stands one wave after the last of those that it waits for.
    /// A way to show a plan; scheduling itself knows no barrier between waves.
    #[must_use]
    pub fn waves(&self) -> Vec<Vec<PhaseNumber>> {
        let mut depth = vec![0_usize; self.numbers.len()];
        let mut waves: Vec<Vec<PhaseNumber>> = Vec::new();
        for node in self.order.iter().map(|node| *node as usize) {
            depth[node] = self.dependencies.of(node).map(|needed| depth[needed] + 1).max().unwrap_or(0);
        }
        for (node, depth) in depth.into_iter().enumerate() {
            if waves.len() <= depth {
                waves.resize_with(depth + 1, Vec::new);
            }
            waves[depth].push(self.numbers[node]);
        }
        waves
    }

    /// The longest path from a phase to an end of the graph, in phases, itself included: what is
    /// ready and has the highest priority is started first. 0 for an unknown phase.
    #[must_use]
    pub fn priority(&self, phase: PhaseNumber) -> u64 {
        place(&self.numbers, phase).map_or(0, |node| self.heights[node])
    }

    /// As [`priority`](Self::priority), for all phases in ascending order, with a duration for each phase.
    #[must_use]
    pub fn priorities_by(&self, duration: impl Fn(PhaseNumber) -> u64) -> Vec<(PhaseNumber, u64)> {
        self.numbers.iter().copied().zip(self.longest_to_end(duration)).collect()
    }

    /// The longest path through the graph, counted in phases.
    #[must_use]
    pub fn critical_path(&self) -> Vec<PhaseNumber> {
        self.longest_path(&self.heights)
    }

    /// The path through the graph whose durations add up to most. Of equal ones the path whose
    /// numbers come first.
    #[must_use]
    pub fn critical_path_by(&self, duration: impl Fn(PhaseNumber) -> u64) -> Vec<PhaseNumber> {
        self.longest_path(&self.longest_to_end(duration))
    }

    /// What working in parallel saves at best, in percent, if all phases take equally long.
    #[must_use]
    pub fn expected_saving(&self) -> usize {
        let longest = self.critical_path().len();
        100_usize.saturating_sub((longest * 100).checked_div(self.numbers.len()).unwrap_or(100))
    }

    fn neighbours<'a>(
        &'a self,
        adjacency: &'a Adjacency,
        phase: PhaseNumber,
    ) -> impl Iterator<Item = PhaseNumber> + 'a {
        let node = place(&self.numbers, phase);
        node.into_iter().flat_map(|node| adjacency.of(node)).map(|neighbour| self.numbers[neighbour])
    }

    fn longest_to_end(&self, duration: impl Fn(PhaseNumber) -> u64) -> Vec<u64> {
        let mut longest = vec![0_u64; self.numbers.len()];
        for node in self.order.iter().rev().map(|node| *node as usize) {
            let rest = self.dependents.of(node).map(|next| longest[next]).max().unwrap_or(0);
            longest[node] = rest.saturating_add(duration(self.numbers[node]));
        }
        longest
    }

    /// Follows the heights down: at each step to the lowest number of those with the most before them.
    fn longest_path(&self, heights: &[u64]) -> Vec<PhaseNumber> {
        let starts = (0..self.numbers.len()).filter(|node| self.dependencies.of(*node).len() == 0);
        let mut next = highest(starts, heights);
        let mut path = Vec::new();
        while let Some(node) = next {
            path.push(self.numbers[node]);
            next = highest(self.dependents.of(node), heights);
        }
        path
    }
}

/// The first node with the greatest height.
fn highest(nodes: impl Iterator<Item = usize>, heights: &[u64]) -> Option<usize> {
    nodes.reduce(|best, node| if heights[node] > heights[best] { node } else { best })
}

/// Kahn's algorithm. The nodes of a cycle, which a sound plan has none of, are left out.
pub(super) fn topological(dependencies: &Adjacency, dependents: &Adjacency) -> Vec<u32> {
    let nodes = dependencies.nodes();
    let mut waiting: Vec<usize> = (0..nodes).map(|node| dependencies.of(node).len()).collect();
    let mut order: Vec<u32> = Vec::with_capacity(nodes);
    order.extend((0..nodes).filter(|node| waiting[*node] == 0).filter_map(|node| u32::try_from(node).ok()));
    let mut done = 0;
    while let Some(node) = order.get(done).map(|node| *node as usize) {
        done += 1;
        for dependent in dependents.of(node) {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                order.extend(u32::try_from(dependent));
            }
        }
    }
    order
}
