import KubeClient

/// What stands between `$(` and `)` in a Pipeline.
enum TektonVariable: Hashable, Sendable {
    case parameter(String, part: Part)
    case result(task: String, name: String, part: Part)
    case taskStatus(String)
    case aggregateStatus
    case context(String)

    /// Which part of an array or object is meant.
    enum Part: Hashable, Sendable {
        case whole
        case element(Int)
        case member(String)

        func of(_ value: JSONValue) -> JSONValue? {
            switch self {
            case .whole: value
            case .element(let index): value[index]
            case .member(let key): value[key]
            }
        }
    }

    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        if let name = rest.take(after: "params") {
            self = .parameter(name, part: Self.part(&rest))
        } else if rest.hasPrefix("context.") {
            self = .context(String(rest.dropFirst("context.".count)))
        } else if rest == "tasks.status" {
            self = .aggregateStatus
        } else if let task = rest.take(after: "tasks") {
            if rest == ".status" {
                self = .taskStatus(task)
            } else if rest.first == ".", let name = Self.resultName(&rest) {
                self = .result(task: task, name: name, part: Self.part(&rest))
            } else {
                return nil
            }
        } else {
            return nil
        }
    }

    private static func resultName(_ rest: inout Substring) -> String? {
        rest = rest.dropFirst()
        return rest.take(after: "results")
    }

    private static func part(_ rest: inout Substring) -> Part {
        if rest.hasPrefix("["), rest.hasSuffix("]"), let index = Int(rest.dropFirst().dropLast()) {
            return .element(index)
        }
        if rest.hasPrefix("."), rest.utf8.count > 1 { return .member(String(rest.dropFirst())) }
        return .whole
    }

    /// The task whose result is meant, when a result is.
    var sourceTask: String? {
        if case .result(let task, _, _) = self { task } else { nil }
    }
}

extension Substring {
    /// Takes `.name`, `['name']` or `["name"]` that follows a word; nil, and nothing taken, when it does not.
    fileprivate mutating func take(after word: String) -> String? {
        guard hasPrefix(word) else { return nil }
        let rest = dropFirst(word.count)
        for quote in ["'", "\""] where rest.hasPrefix("[\(quote)") {
            let inner = rest.dropFirst(2)
            guard let end = inner.firstRange(of: "\(quote)]") else { return nil }
            self = inner[end.upperBound...]
            return String(inner[..<end.lowerBound])
        }
        guard rest.hasPrefix(".") else { return nil }
        let name = rest.dropFirst().prefix { $0 != "." && $0 != "[" }
        guard !name.isEmpty else { return nil }
        self = rest.dropFirst(1 + name.count)
        return String(name)
    }
}
