//! What holds for every text and every graph.

#![expect(clippy::expect_used, reason = "a failed conversion or lookup is a failed test")]

use coordinate_model::ids::PhaseNumber;
use coordinate_model::plan::{Graph, Overview, Source, content_hash, dot, mermaid, parse, tick, tick_all};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(0x0c00_4d1a),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Pieces of which plans, and things that are nearly plans, are made.
const PIECES: &[&str] = &[
    "# ",
    "## ",
    "### ",
    "#### ",
    "Phase ",
    "Phase 1: ",
    "Phase 2 - ",
    "Phase 3",
    "Stage 1: ",
    "1",
    "2",
    "3",
    "99999999999",
    "4294967295",
    "0-4294967295",
    ": ",
    "[COMPLETE]",
    " [COMPLETE]",
    "✓",
    "✅\u{fe0f}",
    "(Wave 1)",
    "**",
    "__",
    "`",
    "```",
    "~~~",
    "\n",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "- ",
    "* ",
    "1. ",
    "[ ] ",
    "[x] ",
    "[\t] ",
    "- [ ] a",
    "- [x] b\n",
    "[]",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "> ",
    "    ",
    "\t",
    " ",
    "---",
    "\n---\n",
    "===",
    "<!--",
    "-->",
    "<div>",
    "**Dependencies**: ",
    "depends_on: ",
    "Files: ",
    "**Files Modified**:\n",
    "Waves: ",
    "Wave 1: ",
    "[[1], [2]]",
    "phase_1",
    "none",
    "-",
    "–",
    "..",
    ",",
    "and ",
    "src/a.rs",
    "../x",
    "/etc",
    "*.rs",
    "(deleted)",
    "→",
    "see phase_2.md",
    "[x]: y\n",
    "[COMPLETE]: z\n",
    "|",
    "\\",
    "\u{feff}",
    "\0",
    "é",
    "日本",
    "🦀",
    "\u{2028}",
    "Objective: ",
    "word ",
    "##",
    "\u{a0}",
];

fn plan_like() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![plan_like(), proptest::collection::vec(any::<char>(), 0..200).prop_map(String::from_iter)]
}

/// Calls everything that reads a plan.
fn use_all(sources: &[Source]) -> Result<(), TestCaseError> {
    let parsed = parse(sources);
    let plan = &parsed.plan;
    prop_assert!(plan.phases.windows(2).all(|pair| pair[0].number < pair[1].number));
    for phase in &plan.phases {
        prop_assert!(phase.depends_on.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(phase.line >= 1 && phase.tasks.windows(2).all(|pair| pair[0].line <= pair[1].line));
    }
    let graph = Graph::new(plan);
    prop_assert!(graph.is_ok() || parsed.has_errors());
    if let Ok(graph) = graph {
        let overview = Overview::new(plan, &graph);
        prop_assert_eq!(overview.waves.iter().map(Vec::len).sum::<usize>(), plan.phases.len());
    }
    prop_assert!(mermaid(plan).lines().count() >= plan.phases.len());
    let closed = dot(plan).ends_with("}\n");
    prop_assert!(closed);
    let order = |found: &coordinate_model::plan::Diagnostic| (found.file.clone(), found.line);
    prop_assert!(parsed.diagnostics.is_sorted_by_key(order));
    Ok(())
}

/// Ticking each phase changes nothing but marks.
fn tick_each(text: &str) -> Result<(), TestCaseError> {
    let sources = [Source::new("plan.md", text)];
    let hash = content_hash(&sources);
    for phase in parse(&sources).plan.phases {
        let ticked = tick(text, phase.number);
        prop_assert!(ticked.is_some());
        let ticked = ticked.unwrap_or_default();
        let again = tick(&ticked, phase.number);
        prop_assert_eq!(again.as_deref(), Some(ticked.as_str()));
        let sources = [Source::new("plan.md", ticked)];
        prop_assert_eq!(&content_hash(&sources), &hash);
        let after = parse(&sources).plan;
        let after = after.phase(phase.number);
        prop_assert!(after.is_some_and(|after| after.marked_complete && after.tasks_done() == phase.tasks.len()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn no_text_makes_the_parser_panic(text in any_text()) {
        use_all(&[Source::new("plan.md", text)])?;
    }

    #[test]
    fn ticking_is_idempotent_and_invisible_to_the_hash(text in plan_like()) {
        tick_each(&text)?;
    }

    #[test]
    fn ticking_real_phases_is_idempotent_and_invisible_to_the_hash(parts in proptest::collection::vec(plan_like(), 1..4)) {
        let phase = |(index, part): (usize, &String)| format!("\n\n## Phase {}: N\n- [ ] t\n{part}", index + 1);
        tick_each(&parts.iter().enumerate().map(phase).collect::<String>())?;
    }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn no_folder_makes_the_parser_panic(texts in proptest::collection::vec(plan_like(), 0..5)) {
        let names = ["README.md", "phase_2.md", "sub/phase_1_x.md", "phase_2.md", "x"];
        let sources: Vec<_> = names.iter().zip(texts).map(|(name, text)| Source::new(*name, text)).collect();
        use_all(&sources)?;
        for number in 0..4 {
            if let Some(changed) = tick_all(&sources, PhaseNumber(number)) {
                prop_assert!(changed.len() <= sources.len());
            }
        }
    }
}

/// A small generator of its own (SplitMix64), so that a seed gives the same graphs for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// Numbers with gaps, ascending.
fn numbers(random: &mut Random, count: usize) -> Vec<u32> {
    let mut next = 0;
    let step = |_| {
        next += 1 + u32::try_from(random.below(3)).unwrap_or(0);
        next
    };
    (0..count).map(step).collect()
}

/// A plan in which node i has the dependencies `needs[i]` (places in `numbers`).
fn plan_text(numbers: &[u32], needs: &[BTreeSet<usize>]) -> String {
    let phase = |(number, needs): (&u32, &BTreeSet<usize>)| {
        let list: Vec<_> = needs.iter().map(|need| numbers[*need].to_string()).collect();
        format!("## Phase {number}: N\n**Dependencies**: [{}]\n- [ ] t\n", list.join(", "))
    };
    numbers.iter().zip(needs).map(phase).collect()
}

fn random_needs(random: &mut Random, count: usize, density: u64, from_all: bool) -> Vec<BTreeSet<usize>> {
    let needs = |node: usize| {
        let bound = if from_all { count } else { node };
        (0..bound).filter(|other| *other != node && random.below(1000) < density).collect()
    };
    (0..count).map(needs).collect()
}

/// Longest paths between all pairs in the manner of Floyd: `longest[a][b]` edges from a to b.
fn longest_paths(needs: &[BTreeSet<usize>]) -> Vec<Vec<Option<usize>>> {
    let count = needs.len();
    let mut longest = vec![vec![None; count]; count];
    for (node, needs) in needs.iter().enumerate() {
        longest[node][node] = Some(0);
        for need in needs {
            longest[node][*need] = Some(1);
        }
    }
    for middle in 0..count {
        let onward = longest[middle].clone();
        for row in &mut longest {
            let Some(first) = row[middle] else { continue };
            for (known, second) in row.iter_mut().zip(&onward) {
                *known = (*known).max(second.map(|second| first + second));
            }
        }
    }
    longest
}

/// Shows S9.
#[test]
fn waves_and_priorities_agree_with_longest_paths_between_all_pairs() {
    for seed in 0..60 {
        let random = &mut Random(seed);
        let count = 1 + usize::try_from(random.below(200)).expect("small");
        let density = [2, 10, 50, 300][usize::try_from(seed % 4).expect("small")];
        let numbers = numbers(random, count);
        let needs = random_needs(random, count, density, false);
        let parsed = parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]);
        assert_eq!(parsed.diagnostics, [], "seed {seed}");
        let graph = Graph::new(&parsed.plan).expect("a sound plan");
        let longest = longest_paths(&needs);
        let depth = |node: usize| longest[node].iter().flatten().max().copied().unwrap_or(0);
        let height = |node: usize| (0..count).filter_map(|other| longest[other][node]).max().unwrap_or(0) + 1;
        let mut waves = vec![Vec::new(); (0..count).map(depth).max().expect("a node") + 1];
        for node in 0..count {
            waves[depth(node)].push(PhaseNumber(numbers[node]));
            assert_eq!(graph.priority(PhaseNumber(numbers[node])), height(node) as u64, "seed {seed}");
        }
        assert_eq!(graph.waves(), waves, "seed {seed}");
        assert_eq!(graph.critical_path().len(), waves.len(), "seed {seed}");
        check_neighbours(&graph, &numbers, &needs);
    }
}

fn check_neighbours(graph: &Graph, numbers: &[u32], needs: &[BTreeSet<usize>]) {
    let named = |nodes: Vec<usize>| -> Vec<_> { nodes.into_iter().map(|node| PhaseNumber(numbers[node])).collect() };
    for (node, number) in numbers.iter().enumerate() {
        let dependencies: Vec<_> = graph.dependencies(PhaseNumber(*number)).collect();
        assert_eq!(dependencies, named(needs[node].iter().copied().collect()));
        let waiting = (0..numbers.len()).filter(|other| needs[*other].contains(&node)).collect();
        assert_eq!(graph.dependents(PhaseNumber(*number)).collect::<Vec<_>>(), named(waiting));
    }
    assert_eq!(graph.dependents(PhaseNumber(0)).count() + graph.dependencies(PhaseNumber(u32::MAX)).count(), 0);
    assert_eq!(graph.priority(PhaseNumber(u32::MAX)), 0);
}

/// All paths from a start to an end, by plain recursion.
fn all_paths(node: usize, dependents: &[Vec<usize>], path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    path.push(node);
    if dependents[node].is_empty() {
        found.push(path.clone());
    }
    for next in &dependents[node] {
        all_paths(*next, dependents, path, found);
    }
    path.pop();
}

#[test]
fn the_critical_path_is_the_first_of_the_heaviest() {
    for seed in 100..300 {
        let random = &mut Random(seed);
        let count = 1 + usize::try_from(random.below(9)).expect("small");
        let needs = random_needs(random, count, 350, false);
        let numbers: Vec<u32> = (1..).take(count).collect();
        let weights: Vec<u64> = (0..count).map(|_| random.below(4)).collect();
        let graph = Graph::new(&parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]).plan).expect("sound");
        let dependents: Vec<Vec<usize>> =
            (0..count).map(|node| (0..count).filter(|other| needs[*other].contains(&node)).collect()).collect();
        let mut paths = Vec::new();
        for start in (0..count).filter(|node| needs[*node].is_empty()) {
            all_paths(start, &dependents, &mut Vec::new(), &mut paths);
        }
        let heaviest = |weight: &dyn Fn(usize) -> u64| {
            let sum = |path: &Vec<usize>| path.iter().map(|node| weight(*node)).sum::<u64>();
            let most = paths.iter().map(sum).max().expect("a path");
            let first = paths.iter().filter(|path| sum(path) == most).min().expect("a path");
            first.iter().map(|node| PhaseNumber(numbers[*node])).collect::<Vec<_>>()
        };
        assert_eq!(graph.critical_path(), heaviest(&|_| 1), "seed {seed}");
        let weight = |phase: PhaseNumber| weights[phase.0 as usize - 1];
        assert_eq!(graph.critical_path_by(weight), heaviest(&|node| weights[node]), "seed {seed}");
        let most = graph.priorities_by(weight).iter().map(|(_, priority)| *priority).max();
        let sum = graph.critical_path_by(weight).into_iter().map(weight).sum::<u64>();
        assert_eq!(most, Some(sum), "seed {seed}");
    }
}

/// The cycle that a message prints.
fn printed_cycle(message: &str) -> Option<Vec<u32>> {
    let cycle = message.split_once("dependency cycle ")?.1.split_once(';')?.0;
    Some(cycle.split(" → ").map(|number| number.parse().expect("a number")).collect())
}

#[test]
fn every_cyclic_graph_gets_its_cycles_and_each_is_real() {
    let mut cyclic = 0;
    for seed in 500..700 {
        let random = &mut Random(seed);
        let count = 2 + usize::try_from(random.below(60)).expect("small");
        let numbers = numbers(random, count);
        let needs = random_needs(random, count, 1500 / count as u64, true);
        let parsed = parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]);
        let printed: Vec<_> = parsed.diagnostics.iter().filter_map(|found| printed_cycle(&found.message)).collect();
        let components = cyclic_components(&needs);
        assert_eq!(Graph::new(&parsed.plan).is_err(), !components.is_empty(), "seed {seed}");
        cyclic += usize::from(!components.is_empty());
        let firsts: BTreeSet<_> = components.iter().map(|nodes| numbers[*nodes.first().expect("a node")]).collect();
        assert_eq!(printed.len(), components.len(), "seed {seed}: each component once");
        assert_eq!(printed.iter().map(|cycle| cycle[0]).collect::<BTreeSet<_>>(), firsts, "seed {seed}");
        for cycle in printed {
            assert_eq!(cycle.first(), cycle.last(), "seed {seed}");
            let node = |number: &u32| numbers.binary_search(number).expect("a phase");
            let real = cycle.windows(2).all(|pair| needs[node(&pair[0])].contains(&node(&pair[1])));
            assert!(real, "seed {seed}: {cycle:?}");
        }
    }
    assert!((50..200).contains(&cyclic), "{cyclic} of 200 graphs are cyclic");
}

/// The sets of nodes that reach each other, found by reachability.
fn cyclic_components(needs: &[BTreeSet<usize>]) -> BTreeSet<BTreeSet<usize>> {
    let reach = |start: usize| {
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = needs[start].iter().copied().collect();
        while let Some(node) = open.pop() {
            if seen.insert(node) {
                open.extend(&needs[node]);
            }
        }
        seen
    };
    let reached: Vec<_> = (0..needs.len()).map(reach).collect();
    let on_cycle = (0..needs.len()).filter(|node| reached[*node].contains(node));
    let together = |node: usize, other: usize| reached[node].contains(&other) && reached[other].contains(&node);
    on_cycle.map(|node| (0..needs.len()).filter(|other| together(node, *other)).collect()).collect()
}

#[test]
fn forward_references_are_told_unless_they_lie_on_a_cycle() {
    for seed in 900..960 {
        let random = &mut Random(seed);
        let count = 2 + usize::try_from(random.below(30)).expect("small");
        let numbers: Vec<u32> = (1..).take(count).collect();
        let needs = random_needs(random, count, 1000 / count as u64, true);
        let components = cyclic_components(&needs);
        let together = |a: usize, b: usize| components.iter().any(|nodes| nodes.contains(&a) && nodes.contains(&b));
        let edges = needs.iter().enumerate().flat_map(|(node, needs)| needs.iter().map(move |need| (node, *need)));
        let expected: BTreeSet<_> = edges
            .filter(|(node, need)| need > node && !together(*node, *need))
            .map(|(node, need)| format!("phase {} depends on the later phase {};", numbers[node], numbers[need]))
            .collect();
        let parsed = parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]);
        let told = parsed.diagnostics.iter().filter(|found| found.message.contains("later phase"));
        let told: BTreeSet<_> =
            told.map(|found| found.message.split_inclusive(';').next().unwrap_or("").to_owned()).collect();
        assert_eq!(told, expected, "seed {seed}");
    }
}

#[test]
fn long_chains_and_rings_need_no_deep_stack() {
    let numbers: Vec<u32> = (1..=20_000).collect();
    let mut needs: Vec<BTreeSet<usize>> =
        (0..numbers.len()).map(|node| node.checked_sub(1).into_iter().collect()).collect();
    let chain = parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]);
    let graph = Graph::new(&chain.plan).expect("a sound plan");
    assert_eq!((chain.diagnostics.len(), graph.waves().len()), (0, numbers.len()));
    assert_eq!(graph.priority(PhaseNumber(1)), 20_000);
    needs[0].insert(numbers.len() - 1);
    let ring = parse(&[Source::new("plan.md", plan_text(&numbers, &needs))]);
    let cycles: Vec<_> = ring.diagnostics.iter().filter_map(|found| printed_cycle(&found.message)).collect();
    assert_eq!(cycles.iter().map(Vec::len).collect::<Vec<_>>(), [numbers.len() + 1]);
}
