/// One expression, read.
struct CELNode: Sendable {
    let kind: Kind
    /// Where it stands in the text; for an operator where the operator stands.
    let position: Int
    /// How many expressions are nested in each other here, this one counted.
    let depth: Int

    indirect enum Kind: Sendable {
        case literal(CELValue)
        case identifier(String)
        /// `operand.field`, or `operand.?field` when optional.
        case select(CELNode, field: String, isOptional: Bool)
        /// `has(operand.field)`
        case has(CELNode, field: String)
        /// `operand[index]`, or `operand[?index]` when optional.
        case index(CELNode, CELNode, isOptional: Bool)
        /// A function, or an operator under its name, such as `_+_`.
        case call(String, receiver: CELNode?, arguments: [CELNode])
        /// `text.matches(pattern)` with a pattern known beforehand.
        case matches(CELNode, Pattern)
        case list([Element])
        case map([Entry])
        /// `a && b && c`; chains are flat.
        case and([CELNode])
        case or([CELNode])
        case conditional(CELNode, then: CELNode, otherwise: CELNode)
        case comprehension(Comprehension)
        /// `target.optMap(variable, body)`; `flattens` when it is `optFlatMap`.
        case optionalMap(CELNode, variable: String, body: CELNode, flattens: Bool)
    }

    struct Element: Sendable {
        let node: CELNode
        /// `[?x]`: left out when `x` is empty.
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: CELNode
        let value: CELNode
        let isOptional: Bool
    }

    /// One of the macros over a list or a map's keys.
    struct Comprehension: Sendable {
        enum Kind: String, Sendable {
            case all
            case exists
            case existsOne = "exists_one"
            case map
            case filter
        }

        let kind: Kind
        let range: CELNode
        let variable: String
        /// The predicate; of `map` with three arguments, which elements are taken.
        let predicate: CELNode?
        /// Of `map`, what becomes of an element.
        let transform: CELNode?
    }

    init(_ kind: Kind, at position: Int) {
        self.kind = kind
        self.position = position
        depth = 1 + (kind.children.map(\.depth).max() ?? 0)
    }
}

extension CELNode.Kind {
    /// The expressions directly inside this one.
    var children: [CELNode] {
        switch self {
        case .literal, .identifier: []
        case .select(let operand, _, _), .has(let operand, _), .matches(let operand, _): [operand]
        case .index(let operand, let index, _): [operand, index]
        case .call(_, let receiver, let arguments): (receiver.map { [$0] } ?? []) + arguments
        case .list(let elements): elements.map(\.node)
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .and(let nodes), .or(let nodes): nodes
        case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
        case .comprehension(let loop): [loop.range] + [loop.predicate, loop.transform].compactMap { $0 }
        case .optionalMap(let target, _, let body, _): [target, body]
        }
    }
}

extension CELNode {
    /// True when the expression speaks of the variable anywhere.
    func mentions(_ variable: String) -> Bool {
        if case .identifier(variable) = kind { return true }
        return kind.children.contains { $0.mentions(variable) }
    }
}
