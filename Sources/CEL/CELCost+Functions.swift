/// The cost of calls.
extension CELCostEstimator {
    /// A call without its arguments.
    struct Call {
        var cost: UInt64 = 1
        /// The size of the result, if the function determines it.
        var size: CELSize?
        var elements: CELEstimate.Elements?
    }

    /// The cost of one overload of a function.
    func callCost(
        _ name: String, _ overload: CELFunction.Signature, _ receiver: CELEstimate?, _ arguments: [CELEstimate]
    ) -> Call {
        if let receiver, let call = methodCost(name, receiver, arguments) { return call }
        let types = overload.arguments
        switch name {
        case "_==_", "_!=_": return comparison(arguments)
        case "_<_", "_<=_", "_>_", "_>=_": return Self.areTexts(types) ? comparison(arguments) : Call()
        case "_+_": return sum(types, arguments)
        case "@in":
            guard case .list? = types.last, let list = arguments.last else { return Call() }
            return Call(cost: size(of: list).maximum)
        case "sets.contains", "sets.intersects": return setCost(arguments, passes: 1)
        case "sets.equivalent": return setCost(arguments, passes: 2)
        case "string":
            guard case .bytes? = types.first, let argument = arguments.first else { return Call() }
            let size = size(of: argument)
            return Call(cost: read(size), size: CELSize(size.minimum / 4, size.maximum))
        case "bytes":
            guard case .string? = types.first, let argument = arguments.first else { return Call() }
            let size = size(of: argument)
            return Call(cost: read(size), size: CELSize(size.minimum, size.maximum.saturatingMultiply(4)))
        default: return Call()
        }
    }

    private static func areTexts(_ types: [CELType]) -> Bool {
        types.allSatisfy {
            switch $0 {
            case .string, .bytes: true
            default: false
            }
        }
    }

    private func read(_ size: CELSize, times: Double = 1) -> UInt64 { size.maximum.scaled(by: times * Cost.character) }

    /// The cost of matching a text. One is added to its size, so that a pattern costs something with an empty text.
    func matchCost(_ text: CELSize, _ pattern: CELSize) -> UInt64 {
        text.maximum.saturatingAdd(1).scaled(by: Cost.character)
            .saturatingMultiply(pattern.maximum.scaled(by: Cost.patternCharacter))
    }

    /// The smaller value decides how much is compared.
    private func comparison(_ arguments: [CELEstimate]) -> Call {
        Call(cost: arguments.map { size(of: $0).maximum }.min()?.scaled(by: Cost.character) ?? 1)
    }

    private func sum(_ types: [CELType], _ arguments: [CELEstimate]) -> Call {
        guard let type = types.first, arguments.count == 2 else { return Call() }
        let size = self.size(of: arguments[0]) + self.size(of: arguments[1])
        switch type {
        case .string, .bytes: return Call(cost: read(size), size: size)
        case .list:
            var call = Call(size: size)
            if let left = arguments[0].elements, let right = arguments[1].elements { call.elements = left.union(right) }
            return call
        default: return Call()
        }
    }

    private func setCost(_ arguments: [CELEstimate], passes: Double) -> Call {
        let size = arguments.map { librarySize(of: $0) }.reduce(CELSize(exactly: 1), *)
        return Call(cost: size.maximum.scaled(by: passes).saturatingAdd(1))
    }

    private func methodCost(_ name: String, _ receiver: CELEstimate, _ arguments: [CELEstimate]) -> Call? {
        guard let argument = arguments.first else { return libraryCost(name, receiver, arguments) }
        let (text, other) = (size(of: receiver), size(of: argument))
        switch name {
        case "startsWith", "endsWith": return Call(cost: read(other))
        case "contains": return Call(cost: read(text).saturatingMultiply(read(other)))
        case "matches": return Call(cost: matchCost(text, other))
        default: return libraryCost(name, receiver, arguments)
        }
    }

    private func libraryCost(_ name: String, _ receiver: CELEstimate, _ arguments: [CELEstimate]) -> Call? {
        let size = librarySize(of: receiver)
        let sizes = arguments.map { librarySize(of: $0) }
        switch name {
        case "isSorted", "sum", "min", "max", "indexOf", "lastIndexOf": return Call(cost: traversal(of: receiver, size))
        case "lowerAscii", "upperAscii", "substring", "trim": return Call(cost: read(size), size: size)
        case "replace":
            guard sizes.count >= 2 else { return nil }
            return Call(cost: read(size, times: 2), size: replaced(size, sizes[0], sizes[1]))
        case "split":
            // A text splits into at most its characters.
            var pieces = size.maximum
            if arguments.count == 2, case .int(let limit)? = arguments[1].literal { pieces = UInt64(bitPattern: limit) }
            return Call(cost: read(size, times: 2), size: CELSize(0, pieces))
        case "join": return join(receiver, size, separator: sizes.first)
        default: return nil
        }
    }

    /// The cost of comparing each item of a list, or of reading a text.
    private func traversal(of value: CELEstimate, _ size: CELSize) -> UInt64 {
        guard case .list(let element) = value.type else { return read(size) }
        guard Self.areTexts([element]) else { return size.maximum }
        return size.maximum.saturatingMultiply(read(itemSize(value)).saturatingAdd(1))
    }

    /// The declared size of the items of a list.
    private func itemSize(_ list: CELEstimate) -> CELSize { declaredSize(list, then: .element) ?? .unknown }

    private func join(_ list: CELEstimate, _ count: CELSize, separator: CELSize?) -> Call {
        var size = CELSize(exactly: 0)
        if case .list = list.type { size = count * itemSize(list) }
        if let separator {
            let gaps = CELSize(count.minimum - min(count.minimum, 1), count.maximum - min(count.maximum, 1))
            size = size + separator * gaps
        }
        return Call(cost: read(size), size: size)
    }

    /// The size of a text after `old` is replaced with `new` as often as possible.
    private func replaced(_ text: CELSize, _ old: CELSize, _ new: CELSize) -> CELSize {
        func bound(_ text: UInt64, _ old: UInt64, _ new: UInt64, isUnchanged: Bool) -> UInt64 {
            // An empty text occurs around every character.
            if old == 0 { return text.saturatingAdd(1).saturatingMultiply(new).saturatingAdd(text) }
            if isUnchanged { return text }
            let count = UInt64(exactly: (Double(text) / Double(old)).rounded(.up)) ?? .max
            return count.saturatingMultiply(new)
        }
        return CELSize(
            bound(text.minimum, old.maximum, new.minimum, isUnchanged: old.maximum <= new.minimum),
            bound(text.maximum, old.minimum, new.maximum, isUnchanged: new.maximum <= old.minimum))
    }
}

extension CELFunction {
    /// The overloads that accept arguments of these types; more than one if a type is dynamic.
    static func overloads(of name: String, _ receiver: CELType?, _ arguments: [CELType]) -> [Signature] {
        (library[name]?.signatures ?? []).filter { signature in
            guard signature.arguments.count == arguments.count else { return false }
            var bindings = CELTypeBindings()
            switch (signature.receiver, receiver) {
            case (nil, nil): break
            case (let wanted?, let found?): guard bindings.accept(wanted, found) else { return false }
            default: return false
            }
            return zip(signature.arguments, arguments).allSatisfy { bindings.accept($0, $1) }
        }
    }
}
