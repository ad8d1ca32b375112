import Patterns

/// A node of the syntax tree.
struct CELNode: Sendable {
    let kind: Kind
    /// Offset in the text; for an operator, the offset of its symbol.
    let position: Int
    /// The depth of the tree below this node, including the node.
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
        /// `text.matches(pattern)` with a literal pattern, compiled in advance.
        case matches(CELNode, Pattern)
        case list([Element])
        case map([Entry])
        /// `a && b && c`; a chain is one node.
        case and([CELNode])
        case or([CELNode])
        case conditional(CELNode, then: CELNode, otherwise: CELNode)
        case comprehension(Comprehension)
        /// `target.optMap(variable, body)`, or `optFlatMap` if `flattens`.
        case optionalMap(CELNode, variable: String, body: CELNode, flattens: Bool)
    }

    struct Element: Sendable {
        let node: CELNode
        /// `[?x]`: the element is left out if `x` is `optional.none()`.
        let isOptional: Bool
    }

    struct Entry: Sendable {
        let key: CELNode
        let value: CELNode
        let isOptional: Bool
    }

    /// A macro over the elements of a list or the keys of a map.
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
        /// The predicate; for `map` with three arguments, the filter.
        let predicate: CELNode?
        /// For `map`, the new value of an element.
        let transform: CELNode?
    }

    init(_ kind: Kind, at position: Int) {
        self.kind = kind
        self.position = position
        depth = 1 + (kind.children.map(\.depth).max() ?? 0)
    }
}

extension CELNode.Kind {
    /// The direct child nodes.
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
    /// True if the variable is used anywhere in the expression.
    func mentions(_ variable: String) -> Bool {
        if case .identifier(variable) = kind { return true }
        return kind.children.contains { $0.mentions(variable) }
    }
}
