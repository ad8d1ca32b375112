import KubeClient

/// The texts, arrays, and objects that replace the variables of a Pipeline or Task.
///
/// Keys are what stands between `$(` and `)`, as in Tekton, so that a parameter whose name contains periods has the
/// variables `params.a.b`, `params["a.b"]`, and `params['a.b']`.
struct TektonReplacements: Sendable {
    private var texts: [String: String] = [:]
    private var arrays: [String: [String]] = [:]
    private var objects: [String: [String: String]] = [:]

    /// The longest chain of defaults that refer to each other.
    private static let maximumDepth = 10

    private static func variables(of parameter: String) -> [String] {
        ["params.\(parameter)", "params[\"\(parameter)\"]", "params['\(parameter)']"]
    }

    mutating func set(_ variable: String, to text: String) {
        texts[variable] = text
    }

    /// Sets the value of a parameter.
    ///
    /// The members of a given object have variables with a period before the name only; those of a default have all
    /// three forms.
    mutating func set(parameter name: String, to value: TektonValue, isDefault: Bool = false) {
        let variables = Self.variables(of: name)
        switch value {
        case .string(let text): for variable in variables { texts[variable] = text }
        case .array(let elements):
            for variable in variables {
                arrays[variable] = elements
                for (index, element) in elements.enumerated() { texts["\(variable)[\(index)]"] = element }
            }
        case .object(let members):
            for variable in variables { objects[variable] = members }
            for variable in isDefault ? variables : Array(variables.prefix(1)) {
                for (key, member) in members { texts["\(variable).\(key)"] = member }
            }
        }
    }

    /// The replacements inside a task with its own parameters, which hide those of the Pipeline.
    func scoped(to parameters: [JSONValue]) -> TektonReplacements {
        var result = self
        for parameter in parameters {
            let name = parameter["name"]?.stringValue ?? ""
            let value = TektonValue(parameter["value"])
            for variable in Self.variables(of: name) {
                if texts[variable] != nil { result.texts[variable] = value.text }
                if arrays[variable] != nil { result.arrays[variable] = value.elements }
                guard objects[variable] != nil else { continue }
                result.objects[variable] = value.members
                for (key, member) in value.members { result.texts["params.\(name).\(key)"] = member }
            }
        }
        return result
    }

    /// What replaces a variable; nil if it is unknown. `[*]` selects the whole array or object.
    func value(of variable: some StringProtocol) -> JSONValue? {
        let name = String(variable)
        if let text = texts[name] { return .string(text) }
        let whole = name.hasSuffix("[*]") ? String(name.dropLast(3)) : name
        if let elements = arrays[whole] { return TektonValue.array(elements).json }
        return objects[whole].map { TektonValue.object($0).json }
    }

    /// Replaces the variables in all strings of a tree.
    func applied(to tree: JSONValue) -> JSONValue {
        Placeholders.tekton.replace(in: tree) { value(of: $0) }
    }

    /// Replaces the variables in the parts of a Task where Tekton does.
    func applied(toTask spec: JSONObject) -> JSONObject {
        var result = spec
        for part in ["steps", "stepTemplate", "volumes", "workspaces", "sidecars"] {
            result[part] = spec[part].map { applied(to: $0) }
        }
        return result
    }

    private func applied(to text: String) -> String {
        Placeholders.tekton.replace(in: text) { texts[String($0)] }
    }
}

// MARK: - Defaults

extension TektonReplacements {
    /// Adds the defaults of parameters without a value; throws Tekton's message if they refer to each other wrongly.
    mutating func addDefaults(of declarations: [JSONValue]) throws(PipelineProblem) {
        var defaults: [String: String] = [:]
        var order: [String] = []
        for declaration in declarations where declaration["type"] == "string" || declaration["type"] == nil {
            guard let value = declaration["default"], let name = declaration["name"]?.stringValue else { continue }
            for variable in Self.variables(of: name) where texts[variable] == nil {
                defaults[variable] = TektonValue(value).text
                order.append(variable)
            }
        }
        for variable in order where texts[variable] == nil {
            try resolve(variable, defaults[variable] ?? "", defaults, chain: [])
        }
        for type in ["array", "object"] {
            for declaration in declarations where declaration["type"]?.stringValue == type {
                guard let value = declaration["default"], let name = declaration["name"]?.stringValue,
                    arrays["params.\(name)"] == nil, objects["params.\(name)"] == nil
                else { continue }
                set(parameter: name, to: applied(to: TektonValue(value)), isDefault: true)
            }
        }
    }

    /// Sets a variable to a default text after the defaults that the text refers to.
    private mutating func resolve(
        _ variable: String, _ text: String, _ defaults: [String: String], chain: [String]
    ) throws(PipelineProblem) {
        let failure = "parameter resolution failed: "
        guard !chain.contains(variable) else {
            throw .cannotApplyParameters("\(failure)circular dependency detected in param \"\(variable)\"")
        }
        guard chain.count <= Self.maximumDepth else {
            throw .cannotApplyParameters(
                "\(failure)maximum recursion depth (\(Self.maximumDepth)) exceeded for param \"\(variable)\"")
        }
        for reference in TektonText.expressions(text)
        where reference.hasPrefix("params.") && texts[reference] == nil {
            guard let other = defaults[reference] else {
                throw .cannotApplyParameters(
                    "\(failure)param \"\(variable)\" references undefined param \"\(reference)\"")
            }
            try resolve(reference, other, defaults, chain: chain + [variable])
        }
        texts[variable] = applied(to: text)
    }

    private func applied(to value: TektonValue) -> TektonValue {
        switch value {
        case .string(let text): .string(applied(to: text))
        case .array(let elements): .array(elements.map { applied(to: $0) })
        case .object(let members): .object(members.mapValues { applied(to: $0) })
        }
    }
}

extension TektonValue {
    /// The text; empty for an array or object.
    var text: String { if case .string(let text) = self { text } else { "" } }
    /// The elements; empty for a text or object.
    var elements: [String] { if case .array(let elements) = self { elements } else { [] } }
    /// The members; empty for a text or array.
    var members: [String: String] { if case .object(let members) = self { members } else { [:] } }
}
