//! What can be wrong with the dependencies of a plan: unknown, self, forward, and cycles.

use super::diagnostic::Diagnostic;
use super::graph::{Adjacency, place};
use super::{Phase, Plan};
use crate::ids::PhaseNumber;
use std::collections::VecDeque;

/// The faults that leave no order in which the phases could be run.
pub(super) fn of_graph(plan: &Plan) -> Vec<Diagnostic> {
    Inspection::of(plan).faults()
}

/// Adds the faults of the graph, and the references to later phases that lie on no cycle. Gives whether
/// there is an order in which the phases could be run.
pub(super) fn of_plan(plan: &Plan, found: &mut Vec<Diagnostic>) -> bool {
    let inspection = Inspection::of(plan);
    let faults = inspection.faults();
    let sound = faults.is_empty();
    found.extend(faults);
    found.extend(inspection.forward_references());
    sound
}

/// The dependencies between known phases as pairs (phase, needed phase) of places in `numbers`.
pub(super) fn edges(plan: &Plan, numbers: &[PhaseNumber]) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    for phase in &plan.phases {
        let Some(from) = place(numbers, phase.number) else { continue };
        let known = phase.depends_on.iter().filter_map(|needed| place(numbers, *needed));
        edges.extend(known.filter(|to| *to != from).map(|to| (from, to)));
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A plan's graph with the strongly connected component of each node.
struct Inspection<'a> {
    plan: &'a Plan,
    numbers: Vec<PhaseNumber>,
    /// The phase of each number; of a duplicate number the first.
    phases: Vec<&'a Phase>,
    dependencies: Adjacency,
    /// Nodes with the same value reach each other.
    component: Vec<usize>,
}

impl<'a> Inspection<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut phases: Vec<&Phase> = plan.phases.iter().collect();
        phases.sort_by_key(|phase| phase.number);
        phases.dedup_by_key(|phase| phase.number);
        let numbers: Vec<_> = phases.iter().map(|phase| phase.number).collect();
        let dependencies = Adjacency::new(numbers.len(), edges(plan, &numbers).iter().copied());
        let component = components(&dependencies);
        Self { plan, numbers, phases, dependencies, component }
    }

    fn faults(&self) -> Vec<Diagnostic> {
        let mut found = self.duplicates();
        for phase in &self.plan.phases {
            let bad = phase.depends_on.iter().filter_map(|needed| self.bad_reference(phase, *needed));
            found.extend(bad);
        }
        found.extend(self.cycles());
        found
    }

    fn duplicates(&self) -> Vec<Diagnostic> {
        if self.phases.len() == self.plan.phases.len() {
            return Vec::new();
        }
        let first = |phase: &Phase| place(&self.numbers, phase.number).map(|node| self.phases[node]);
        let later = self.plan.phases.iter().filter_map(|phase| {
            let first = first(phase)?;
            let place = (phase.file.as_str(), phase.line);
            (!std::ptr::eq(first, phase)).then(|| duplicate(phase.number, place, (&first.file, first.line)))
        });
        later.collect()
    }

    fn bad_reference(&self, phase: &Phase, needed: PhaseNumber) -> Option<Diagnostic> {
        let number = phase.number;
        if needed == number {
            let message = format!("phase {number} depends on itself; remove {number} from its dependencies");
            return Some(at_dependencies(phase, message));
        }
        if place(&self.numbers, needed).is_some() {
            return None;
        }
        let message = format!("phase {number} depends on phase {needed}, which does not exist; {}", self.extent());
        Some(at_dependencies(phase, message))
    }

    /// Which phases there are, for the author of a wrong number.
    fn extent(&self) -> String {
        match self.numbers.as_slice() {
            [] => "the plan has no phases".to_owned(),
            [only] => format!("the plan has only phase {only}"),
            [first, second] => format!("the plan has phases {first} and {second}"),
            [first, .., last] => format!("the plan has {} phases, {first} to {last}", self.numbers.len()),
        }
    }

    /// At most 20 for each phase: one wrong range can name thousands.
    fn forward_references(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for (node, phase) in self.phases.iter().enumerate() {
            let later = self.dependencies.of(node).filter(|needed| *needed > node);
            for needed in later.filter(|needed| self.component[*needed] != self.component[node]).take(20) {
                let (number, needed) = (phase.number, self.numbers[needed]);
                let message = format!(
                    "phase {number} depends on the later phase {needed}; number the phases so that each comes after those it depends on"
                );
                found.push(at_dependencies(phase, message));
            }
        }
        found
    }

    /// One diagnostic for each strongly connected component, at its lowest phase.
    fn cycles(&self) -> Vec<Diagnostic> {
        let mut seen = vec![false; self.numbers.len()];
        let mut parents = vec![usize::MAX; self.numbers.len()];
        let mut found = Vec::new();
        for node in 0..self.numbers.len() {
            if std::mem::replace(&mut seen[self.component[node]], true) {
                continue;
            }
            let Some(cycle) = self.shortest_cycle(node, &mut parents) else { continue };
            let names: Vec<_> = cycle.iter().map(|node| self.numbers[*node].to_string()).collect();
            let phase = self.phases[node];
            let message = format!(
                "phase {} lies on the dependency cycle {}; remove one of these dependencies",
                phase.number,
                names.join(" → ")
            );
            found.push(at_dependencies(phase, message));
        }
        found
    }

    /// The shortest way from a node along its dependencies back to itself. Stays inside the node's
    /// component, so that all components together cost no more than the graph.
    fn shortest_cycle(&self, start: usize, parents: &mut [usize]) -> Option<Vec<usize>> {
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            let inside = self.dependencies.of(node).filter(|next| self.component[*next] == self.component[start]);
            for next in inside {
                if next == start {
                    return Some(way_back(start, node, parents));
                }
                if parents[next] == usize::MAX {
                    parents[next] = node;
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

/// The cycle `start → … → last → start`, from the parents that the search noted.
fn way_back(start: usize, last: usize, parents: &[usize]) -> Vec<usize> {
    let mut way = vec![start];
    let mut node = last;
    while node != start {
        way.push(node);
        node = parents[node];
    }
    way.push(start);
    way.reverse();
    way
}

/// Two phases with one number: told at the later place, naming the first.
pub(super) fn duplicate(number: PhaseNumber, place: (&str, u32), first: (&str, u32)) -> Diagnostic {
    let message = format!(
        "phase {number} is defined a second time, first at {}:{}; give each phase its own number",
        first.0, first.1
    );
    Diagnostic::error(place.0, place.1, Some(number), message)
}

fn at_dependencies(phase: &Phase, message: String) -> Diagnostic {
    Diagnostic::error(&phase.depends_file, phase.depends_line, Some(phase.number), message)
}

/// Tarjan's algorithm with its own stack: recursion would overflow on a chain of 100,000 phases.
fn components(graph: &Adjacency) -> Vec<usize> {
    let mut search = Search::new(graph.nodes());
    for node in 0..graph.nodes() {
        if search.index[node] == UNSEEN {
            search.from(node, graph);
        }
    }
    search.component
}

const UNSEEN: usize = usize::MAX;

/// The state of Tarjan's algorithm.
struct Search {
    index: Vec<usize>,
    low: Vec<usize>,
    component: Vec<usize>,
    open: Vec<usize>,
    next_index: usize,
    next_component: usize,
}

impl Search {
    fn new(nodes: usize) -> Self {
        let unseen = vec![UNSEEN; nodes];
        Self {
            index: unseen.clone(),
            low: unseen.clone(),
            component: unseen,
            open: Vec::new(),
            next_index: 0,
            next_component: 0,
        }
    }

    fn enter(&mut self, node: usize) {
        self.index[node] = self.next_index;
        self.low[node] = self.next_index;
        self.next_index += 1;
        self.open.push(node);
    }

    fn from(&mut self, root: usize, graph: &Adjacency) {
        self.enter(root);
        let mut path = vec![(root, graph.of(root))];
        while let Some((node, neighbours)) = path.last_mut() {
            let node = *node;
            match neighbours.next() {
                Some(next) if self.index[next] == UNSEEN => {
                    self.enter(next);
                    path.push((next, graph.of(next)));
                }
                Some(next) if self.component[next] == UNSEEN => {
                    self.low[node] = self.low[node].min(self.index[next]);
                }
                Some(_) => {}
                None => {
                    path.pop();
                    self.leave(node);
                    if let Some((parent, _)) = path.last() {
                        self.low[*parent] = self.low[*parent].min(self.low[node]);
                    }
                }
            }
        }
    }

    /// A node that reaches nothing older than itself closes its component.
    fn leave(&mut self, node: usize) {
        if self.low[node] != self.index[node] {
            return;
        }
        while let Some(member) = self.open.pop() {
            self.component[member] = self.next_component;
            if member == node {
                break;
            }
        }
        self.next_component += 1;
    }
}
