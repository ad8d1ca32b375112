extension CELFunction {
    private static let ordered: [CELType] = [.int, .uint, .double, .bool, .string, .bytes, .timestamp, .duration]
    private static let summable: [CELType] = [.int, .uint, .double, .duration]

    static let lists: [CELFunction] = [
        CELFunction("isSorted", ordered.map { .method(.list($0), to: .bool) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            for (left, right) in zip(list.elements, list.elements.dropFirst()) where try order(left, right) == .greater
            {
                return .bool(false)
            }
            return .bool(true)
        },
        CELFunction("sum", summable.map { .method(.list($0), to: $0) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            guard var sum = list.elements.first else { return .int(0) }
            for element in list.elements.dropFirst() {
                guard let next = try library["_+_"]?.body([sum, element]) else { return nil }
                sum = next
            }
            return sum
        },
        extremum("min", .less), extremum("max", .greater),
        sets("sets.contains") { all, some in some.allSatisfy { element in all.contains { $0.equals(element) } } },
        sets("sets.intersects") { one, other in one.contains { element in other.contains { $0.equals(element) } } },
        sets("sets.equivalent") { one, other in
            one.allSatisfy { element in other.contains { $0.equals(element) } }
                && other.allSatisfy { element in one.contains { $0.equals(element) } }
        },
    ]

    private static func order(_ left: CELValue, _ right: CELValue) throws(CELError) -> CELValue.Order {
        guard let order = left.order(to: right) else { throw .noSuchOverload("\(left.typeName) < \(right.typeName)") }
        return order
    }

    private static func extremum(_ name: String, _ wanted: CELValue.Order) -> CELFunction {
        CELFunction(name, ordered.map { .method(.list($0), to: $0) }) { (arguments) throws(CELError) in
            guard case .list(let list)? = arguments.first else { return nil }
            guard var best = list.elements.first else { throw CELError("\(name) called on empty list") }
            for element in list.elements.dropFirst() where try order(element, best) == wanted { best = element }
            return best
        }
    }

    private static func sets(_ name: String, _ holds: @escaping @Sendable ([CELValue], [CELValue]) -> Bool)
        -> CELFunction
    {
        .binary(name, .function(.list(.parameter("T")), .list(.parameter("T")), to: .bool)) { left, right in
            guard case (.list(let left), .list(let right)) = (left, right) else { return nil }
            return .bool(holds(left.elements, right.elements))
        }
    }
}
