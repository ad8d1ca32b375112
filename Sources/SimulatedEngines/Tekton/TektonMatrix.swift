import KubeClient

/// The matrix of a pipeline task: it runs once for each combination of parameters.
struct TektonMatrix: Sendable {
    /// Tekton's default limit of combinations.
    static let maximumCombinations = 256

    private let parameters: [(name: String, value: TektonValue)]
    private let include: [[String: String]]

    /// Nil if the task has no matrix.
    init?(_ json: JSONValue?) {
        guard let json else { return nil }
        parameters = Self.list(json["params"])
        include = (json["include"]?.elements ?? []).map { entry in
            Dictionary(Self.list(entry["params"]).map { ($0.name, $0.value.text) }, uniquingKeysWith: { $1 })
        }
        guard !parameters.isEmpty || !include.isEmpty else { return nil }
    }

    private static func list(_ json: JSONValue?) -> [(name: String, value: TektonValue)] {
        (json?.elements ?? []).map { ($0["name"]?.stringValue ?? "", TektonValue($0["value"])) }
    }

    /// Whether an array has no elements, so that the task is skipped.
    var hasEmptyArray: Bool {
        parameters.contains { $0.value == .array([]) }
    }

    /// How many TaskRuns there are. Arrays that are not known yet count as one.
    var count: Int {
        guard !parameters.isEmpty else { return include.count }
        var count = 1
        for parameter in parameters {
            let (product, overflow) = count.multipliedReportingOverflow(by: max(1, parameter.value.elements.count))
            count = overflow ? .max : product
        }
        let values = Dictionary(parameters.map { ($0.name, $0.value.elements) }, uniquingKeysWith: { $1 })
        for entry in include {
            for (name, value) in entry.sorted(by: { $0.key < $1.key }) {
                guard let known = values[name] else { continue }
                if known.contains(value) { break }
                count = count == .max ? count : count + 1
            }
        }
        return count
    }

    /// The parameters of each TaskRun, in the order of their names.
    var combinations: [[JSONValue]] {
        var combinations: [[String: String]] = []
        for (index, parameter) in parameters.enumerated() {
            let base = index == 0 ? [[:]] : combinations
            combinations = parameter.value.elements.flatMap { value in
                base.map { $0.merging([parameter.name: value]) { $1 } }
            }
        }
        for index in combinations.indices {
            for entry in include where entry.allSatisfy({ combinations[index][$0.key] ?? $0.value == $0.value }) {
                combinations[index].merge(entry) { $1 }
            }
        }
        for entry in include where !entry.isEmpty || parameters.isEmpty {
            let isKnown = combinations.contains { known in entry.contains { known[$0.key] == $0.value } }
            if parameters.isEmpty || !isKnown { combinations.append(entry) }
        }
        return combinations.map { combination in
            combination.sorted { $0.key < $1.key }.map { ["name": .string($0.key), "value": .string($0.value)] }
        }
    }

    /// The parameters of the wrong type: those of the matrix must be arrays, those of `include` texts.
    static func wrongType(in json: JSONValue, task: String) -> String? {
        let include = (json["include"]?.elements ?? []).flatMap { list($0["params"]) }
        for (wanted, parameters) in [("string", include), ("array", list(json["params"]))] {
            for (name, value) in parameters where value.type != wanted {
                if wanted == "array", TektonText.expressions(value.text).contains(where: { $0.hasPrefix("tasks.") }) {
                    continue
                }
                return
                    "parameters of type \(wanted) only are allowed, but param \"\(name)\" has type \"\(value.type)\" "
                    + "in pipelineTask \"\(task)\""
            }
        }
        return nil
    }

    /// What Tekton's validation finds wrong with the matrices of a Pipeline; nil if nothing.
    static func problem(of pipeline: JSONObject) -> String? {
        var problems = FieldProblems()
        for list in ["tasks", "finally"] {
            for (index, task) in (pipeline[list]?.elements ?? []).enumerated() {
                guard let matrix = TektonMatrix(task["matrix"]) else { continue }
                let path = [list, "[\(index)]"]
                if matrix.count > maximumCombinations {
                    problems.add("expected 0 <= \(matrix.count) <= \(maximumCombinations)", path + ["matrix"])
                }
                let names = Set(matrix.parameters.map(\.name) + matrix.include.flatMap(\.keys))
                for parameter in task["params"]?.elements ?? [] {
                    let name = parameter["name"]?.stringValue ?? ""
                    guard names.contains(name) else { continue }
                    problems.add(
                        FieldProblems.both, paths: [path + ["matrix", "[\(name)]"], path + ["params", "[\(name)]"]])
                }
            }
        }
        return problems.isEmpty ? nil : problems.text
    }

    /// The names of a task's TaskRuns: with a number unless there is one only.
    static func names(run: String, task: String, count: Int) -> [String] {
        guard count != 1 else { return [ChildName.make(run, "-\(task)")] }
        return (0..<count).map { number in
            let name = ChildName.make(run, "-\(task)-\(number)")
            guard !name.hasSuffix("-\(number)") else { return name }
            let longest = 63 - "-\(count)".utf8.count
            return "\(ChildName.make(run, "-\(task)").prefix(longest))-\(number)"
        }
    }
}

/// The TaskRuns of one pipeline task: none until it starts, several with a matrix.
extension [SimulatedTaskRun] {
    /// The outcome of the task once all its TaskRuns have ended; nil before.
    var outcome: SimulatedTaskRun.Outcome? {
        let outcomes = map(\.outcome)
        guard !isEmpty, !outcomes.contains(nil) else { return nil }
        return [.timedOutWithRun, .cancelled, .failed].first { outcomes.contains($0) } ?? .succeeded
    }

    /// The result values; with a matrix, the list of the texts of all TaskRuns in the order of their names.
    func results(isMatrix: Bool) -> [String: JSONValue] {
        guard isMatrix else { return first?.results ?? [:] }
        var lists: [String: [String]] = [:]
        for taskRun in sorted(by: { $0.template.name < $1.template.name }) {
            for (name, value) in taskRun.results { lists[name, default: []].append(TektonValue(value).text) }
        }
        return lists.mapValues { TektonValue.array($0).json }
    }
}
