/// A pattern compiled to instructions; matching tracks all possible states at once.
struct PatternProgram: Sendable {
    private enum Instruction: Sendable {
        case scalar(Int)
        case split(Int, Int)
        case jump(Int)
        case assertion(PatternAssertion)
        case match
    }

    private var instructions: [Instruction] = []
    private var sets: [ScalarSet] = []
    /// True if every match starts at the start of the text.
    private var isAnchored = false
    /// The number of compiled nodes; repeated nodes count each time.
    private var visits = 0
    /// The maximum number of instructions and of visits.
    private let sizeLimit: Int

    init(_ node: PatternNode, sizeLimit: Int) throws(PatternError) {
        self.sizeLimit = sizeLimit
        isAnchored = Self.isAnchored(node)
        try append(node)
        instructions.append(.match)
    }

    private static func isAnchored(_ node: PatternNode) -> Bool {
        switch node {
        case .assertion(.textStart): true
        case .sequence(let nodes): nodes.first.map(isAnchored) ?? false
        case .choice(let nodes): nodes.allSatisfy(isAnchored)
        default: false
        }
    }

    // MARK: Compiling

    private mutating func append(_ node: PatternNode) throws(PatternError) {
        // Repeating an empty pattern adds no instructions but takes time, so visits are limited too.
        visits += 1
        guard visits <= sizeLimit, instructions.count < sizeLimit else {
            throw PatternError("expression too large")
        }
        switch node {
        case .empty: break
        case .scalar(let set):
            instructions.append(.scalar(sets.count))
            sets.append(set)
        case .assertion(let assertion): instructions.append(.assertion(assertion))
        case .sequence(let nodes):
            for node in nodes { try append(node) }
        case .choice(let nodes): try append(choice: nodes[...])
        case .repetition(let node, let atLeast, let atMost):
            for _ in 0..<atLeast { try append(node) }
            guard let atMost else { return try appendLoop(node) }
            var splits: [Int] = []
            for _ in atLeast..<max(atLeast, atMost) {
                splits.append(instructions.count)
                instructions.append(.match)
                try append(node)
            }
            for split in splits { instructions[split] = .split(split + 1, instructions.count) }
        }
    }

    private mutating func append(choice nodes: ArraySlice<PatternNode>) throws(PatternError) {
        var jumps: [Int] = []
        for (index, node) in zip(nodes.indices, nodes) {
            let isLast = index == nodes.endIndex - 1
            let split = instructions.count
            if !isLast { instructions.append(.match) }
            try append(node)
            guard !isLast else { break }
            jumps.append(instructions.count)
            instructions.append(.match)
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }

    private mutating func appendLoop(_ node: PatternNode) throws(PatternError) {
        let split = instructions.count
        instructions.append(.match)
        try append(node)
        instructions.append(.jump(split))
        instructions[split] = .split(split + 1, instructions.count)
    }

    // MARK: Running

    func matches(_ text: String) -> Bool {
        var states = States(size: instructions.count)
        var previous: Unicode.Scalar?
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while true {
            if previous == nil || !isAnchored { states.pending.append(0) }
            if follow(&states, between: previous, and: next) { return true }
            guard let scalar = next, !(isAnchored && states.active.isEmpty) else { return false }
            previous = scalar
            next = scalars.next()
            for state in states.active {
                if case .scalar(let set) = instructions[state], sets[set].contains(scalar) {
                    states.pending.append(state + 1)
                }
            }
            states.active.removeAll(keepingCapacity: true)
            states.step += 1
        }
    }

    /// The set of instructions that are active at a position of the text.
    private struct States {
        var pending: [Int] = []
        var active: [Int] = []
        var step = 1
        /// The step in which each instruction was last reached.
        var reached: [Int]

        init(size: Int) { reached = Array(repeating: 0, count: size) }
    }

    /// Follows instructions that consume no text. Returns true if the pattern matched.
    private func follow(_ states: inout States, between previous: Unicode.Scalar?, and next: Unicode.Scalar?) -> Bool {
        while let state = states.pending.popLast() {
            guard states.reached[state] != states.step else { continue }
            states.reached[state] = states.step
            switch instructions[state] {
            case .match: return true
            case .scalar: states.active.append(state)
            case .jump(let target): states.pending.append(target)
            case .split(let first, let second):
                states.pending.append(second)
                states.pending.append(first)
            case .assertion(let assertion):
                if assertion.holds(between: previous, and: next) { states.pending.append(state + 1) }
            }
        }
        return false
    }
}
