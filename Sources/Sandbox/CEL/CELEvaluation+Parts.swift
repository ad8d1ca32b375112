import KubeClient

/// Fields, elements and the macros that walk over them.
extension CELEvaluation {
    func select(_ field: String, from operand: CELValue, isOptional: Bool) throws(CELError) -> CELValue {
        if case .optional(let content) = operand {
            guard let content else { return .optional(nil) }
            return .optional(Self.member(field, of: content))
        }
        guard operand.entriesAreNamed else { throw .noSuchOverload("field selection of \(operand.typeName)") }
        let found = Self.member(field, of: operand)
        if isOptional { return .optional(found) }
        guard let found else { throw .noSuchKey(field) }
        return found
    }

    func has(_ field: String, in operand: CELValue) throws(CELError) -> Bool {
        if case .optional(let content) = operand { return content.map { Self.member(field, of: $0) != nil } ?? false }
        guard operand.entriesAreNamed else { throw .noSuchOverload("has() of \(operand.typeName)") }
        return Self.member(field, of: operand) != nil
    }

    /// Names of declared fields are escaped in expressions, keys of maps are not.
    private static func member(_ field: String, of value: CELValue) -> CELValue? {
        if case .object(_, let schema?) = value, schema.additionalProperties.schema == nil {
            return value.member(.string(EscapedName.unescaped(field)))
        }
        return value.member(.string(field))
    }

    func element(at index: CELValue, of operand: CELValue, isOptional: Bool) throws(CELError) -> CELValue {
        if case .optional(let content) = operand {
            guard let content else { return .optional(nil) }
            return try element(at: index, of: content, isOptional: true)
        }
        var found: CELValue?
        switch operand {
        case .list(let list):
            let place: Int? =
                switch index {
                case .int(let value): Int(exactly: value)
                case .uint(let value): Int(exactly: value)
                case .double(let value): Int(exactly: value)
                default: throw .noSuchOverload("_[_]")
                }
            if let place, list.elements.indices.contains(place) { found = list.elements[place] }
            guard found != nil || isOptional else { throw CELError("index out of bounds: \(place ?? -1)") }
        case .map, .object:
            found = operand.member(index)
            guard found != nil || isOptional else { throw .noSuchKey(index.keyText) }
        default: throw .noSuchOverload("_[_]")
        }
        if isOptional { return .optional(found) }
        return found ?? .null
    }

    mutating func run(_ loop: CELNode.Comprehension) throws(CELError) -> CELValue {
        let range = try value(of: loop.range)
        let elements: [CELValue]
        if case .list(let list) = range {
            elements = list.elements
        } else if let entries = range.entries {
            elements = entries.map(\.key)
        } else {
            throw .noSuchOverload("\(loop.kind.rawValue) of \(range.typeName)")
        }
        try budget.charge(elements.count)
        scope.append((loop.variable, .null))
        defer { scope.removeLast() }
        switch loop.kind {
        case .all: return .bool(try !anyElement(of: elements, loop, is: false))
        case .exists: return .bool(try anyElement(of: elements, loop, is: true))
        case .existsOne: return .bool(try filtered(elements, loop).count == 1)
        case .filter: return .list(try filtered(elements, loop))
        case .map: return .list(try mapped(elements, loop))
        }
    }

    private mutating func predicate(_ loop: CELNode.Comprehension, for element: CELValue) throws(CELError) -> Bool {
        scope[scope.count - 1].value = element
        return try loop.predicate.map { (node) throws(CELError) in try bool(node) } ?? true
    }

    /// As in `||`, one element that decides makes up for others that fail.
    private mutating func anyElement(
        of elements: [CELValue], _ loop: CELNode.Comprehension, is deciding: Bool
    ) throws(CELError) -> Bool {
        var failure: CELError?
        for element in elements {
            do throws(CELError) {
                if try predicate(loop, for: element) == deciding { return true }
            } catch {
                if error.isOutOfBudget { throw error }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        return false
    }

    private mutating func filtered(_ elements: [CELValue], _ loop: CELNode.Comprehension) throws(CELError) -> [CELValue]
    {
        var result: [CELValue] = []
        for element in elements where try predicate(loop, for: element) { result.append(element) }
        return result
    }

    private mutating func mapped(_ elements: [CELValue], _ loop: CELNode.Comprehension) throws(CELError) -> [CELValue] {
        var result: [CELValue] = []
        guard let transform = loop.transform else { return elements }
        for element in elements where try predicate(loop, for: element) { result.append(try value(of: transform)) }
        return result
    }
}

extension CELValue {
    fileprivate var entriesAreNamed: Bool {
        switch self {
        case .map, .object: true
        default: false
        }
    }

    fileprivate var keyText: String {
        switch self {
        case .string(let text): text
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)"
        case .bool(let value): "\(value)"
        default: typeName
        }
    }

    /// How many steps a comparison of the value may take.
    var deepSize: Int {
        switch self {
        case .list(let list):
            let inner = list.elements.reduce(1) { $0 + $1.deepSize }
            // Elements of a set are looked for, each among all.
            return list.type == .atomic ? inner : min(inner, 1_000_000) * max(1, list.elements.count)
        case .map(let entries): return entries.reduce(1) { $0 + $1.key.deepSize + $1.value.deepSize }
        case .object(let object, _): return JSONValue.object(object).measured.count
        case .optional(let content?): return content.deepSize
        default: return size
        }
    }
}
