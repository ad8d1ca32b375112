package import CEL
import KubeClient

/// The estimated cost of an expression in `x-kubernetes-validations`, for all values in one object that it applies to.
package struct RuleCost: Hashable, Sendable {
    /// The path of the expression in the CRD; its last segment is `rule` or `messageExpression`.
    package let path: FieldPath
    package let expression: String
    package let cost: UInt64
    fileprivate let isMessage: Bool

    /// The API server's limit for one expression.
    package static let limit: UInt64 = 10_000_000
    /// The API server's limit for all expressions of a version.
    package static let totalLimit: UInt64 = 100_000_000
    /// The size of the largest request that the API server accepts.
    fileprivate static let maximumRequest: UInt64 = 3 * 1024 * 1024
}

extension RuleCost: CustomStringConvertible {
    package var description: String { "\(path): \(expression.trimmed)" }
}

extension CustomResourceSchema {
    /// The cost of each expression in the rules, as the API server estimates it for its limits on a CRD.
    ///
    /// Without a model, the cost is the highest that any supported version of Kubernetes estimates.
    package func ruleCosts(at path: FieldPath, model: CELCostModel? = nil) -> [RuleCost] {
        guard let rules else { return [] }
        var survey = RuleCostSurvey(models: model.map { [$0] } ?? CELCostModel.allCases)
        survey.visit(rules, root, at: path, isResource: true, count: 1)
        return survey.costs
    }

    /// The errors of a CRD with rules that are too expensive; `path` is the place of its `openAPIV3Schema`.
    ///
    /// If the schema did not change in an update of the CRD, only the limit for all rules applies.
    package func costErrors(at path: FieldPath, isUnchanged: Bool) -> [FieldError] {
        let costs = ruleCosts(at: path)
        var errors: [FieldError] = []
        for cost in costs where cost.cost > RuleCost.limit && !isUnchanged {
            let name = cost.isMessage ? "estimated messageExpression cost" : "estimated rule cost"
            errors.append(Self.tooExpensive(name, cost.cost, RuleCost.limit, at: cost.path))
        }
        let total = costs.reduce(UInt64(0)) { $0.saturatingAdd($1.cost) }
        guard total > RuleCost.totalLimit else { return errors }
        let largest = costs.filter { $0.cost >= RuleCost.totalLimit / 100 }.sorted { $0.cost > $1.cost }.prefix(4)
        for cost in largest {
            errors.append(
                FieldError(
                    .forbidden, cost.path.description, nil,
                    "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"))
        }
        let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        return errors + [Self.tooExpensive(name, total, RuleCost.totalLimit, at: path)]
    }

    private static func tooExpensive(_ name: String, _ cost: UInt64, _ limit: UInt64, at path: FieldPath) -> FieldError
    {
        FieldError(
            .forbidden, path.description, nil,
            "\(name) exceeds budget by factor of \(factor(Double(cost) / Double(limit))) (try simplifying the rule, "
                + "or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)")
    }

    /// The factor with six digits if it is close to 1, otherwise with one.
    private static func factor(_ factor: Double) -> String {
        if factor > 100 { return "more than 100x" }
        let digits = factor < 1.5 ? 6 : 1
        let scale = factor < 1.5 ? 1_000_000 : 10
        let scaled = Int((factor * Double(scale)).rounded(.toNearestOrEven))
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction + "x"
    }
}

/// Collects the costs of the rules of a schema.
private struct RuleCostSurvey {
    let models: [CELCostModel]
    private(set) var costs: [RuleCost] = []

    init(models: [CELCostModel]) { self.models = models }

    /// Adds the rules of a value and of its parts.
    ///
    /// An object has at most `count` such values; nil if there is no limit. `isInScope` is true if a value around this
    /// one has rules.
    mutating func visit(
        _ tree: RuleTree, _ schema: StructuralSchema, at path: FieldPath, isResource: Bool, count: UInt64?,
        isInScope: Bool = false
    ) {
        let isResource = isResource || schema.isEmbeddedResource
        let isInScope = isInScope || !tree.rules.isEmpty
        if !tree.rules.isEmpty {
            add(tree.rules, schema, isResource, at: path.field("x-kubernetes-validations"), count)
        }
        let count = schema.maximumChildren.flatMap { children in count?.saturatingMultiply(children) }
        // The types in a rule's scope come from the rule's own value, so those of a resource hide the declared ones.
        let properties = isResource && isInScope ? schema.resourceProperties : schema.properties
        for (name, tree) in tree.properties {
            guard let property = properties[name] else { continue }
            let place = path.field("properties").key(name)
            visit(tree, property, at: place, isResource: false, count: count, isInScope: isInScope)
        }
        if let tree = tree.items, let items = schema.items {
            visit(tree, items, at: path.field("items"), isResource: false, count: count, isInScope: isInScope)
        }
        if let tree = tree.values, let values = schema.additionalProperties.schema {
            let place = path.field("additionalProperties")
            visit(tree, values, at: place, isResource: false, count: count, isInScope: isInScope)
        }
    }

    private mutating func add(
        _ rules: [CompiledRule], _ schema: StructuralSchema, _ isResource: Bool, at path: FieldPath, _ count: UInt64?
    ) {
        let sizes = models.compactMap { SchemaSize(schema, isResource: isResource, model: $0) }
        for (index, rule) in rules.enumerated() {
            let cost = sizes.map { size in
                rule.program.estimatedCost(size.limit, model: size.model)
                    .saturatingMultiply(count ?? size.maximumCount)
            }
            costs.append(
                RuleCost(
                    path: path.index(index).field("rule"), expression: rule.rule.rule, cost: cost.max() ?? 0,
                    isMessage: false))
            // A message is made for one value.
            guard let message = rule.message else { continue }
            let messageCost = sizes.map { message.estimatedCost($0.limit, model: $0.model) }
            costs.append(
                RuleCost(
                    path: path.index(index).field("messageExpression"), expression: rule.rule.messageExpression ?? "",
                    cost: messageCost.max() ?? 0, isMessage: true))
        }
    }
}

/// The size limit of the values of a schema, and the size of the smallest of them.
private struct SchemaSize {
    let limit: CELSizeLimit
    /// Bytes of JSON.
    let minimum: UInt64
    let model: CELCostModel

    /// How often a value fits into a request, with a comma after each.
    var maximumCount: UInt64 { RuleCost.maximumRequest / minimum.saturatingAdd(1) }

    private init(_ limit: CELSizeLimit, minimum: UInt64, _ model: CELCostModel) {
        self.limit = limit
        self.minimum = minimum
        self.model = model
    }

    /// Nil if the schema has no type, so that expressions cannot use its values.
    init?(_ schema: StructuralSchema, isResource: Bool, model: CELCostModel) {
        if schema.isIntOrString {
            let length = model == .kubernetes131 ? nil : schema.constraints.maxLength
            self.init(CELSizeLimit(Self.characters(length)), minimum: 1, model)
            return
        }
        switch schema.type {
        case nil: return nil
        case .boolean: self.init(CELSizeLimit(0), minimum: 4, model)
        case .integer, .number: self.init(CELSizeLimit(0), minimum: 1, model)
        case .string: self.init(text: schema.constraints, model)
        case .array: self.init(list: schema, model)
        case .object: self.init(object: schema, isResource, model)
        }
    }

    private init?(list schema: StructuralSchema, _ model: CELCostModel) {
        guard let items = schema.items.flatMap({ SchemaSize($0, isResource: $0.isEmbeddedResource, model: model) })
        else { return nil }
        let count =
            schema.constraints.maxItems.map { UInt64(max($0, 0)) }
            ?? (RuleCost.maximumRequest - 2) / (items.minimum.saturatingAdd(1))
        self.init(CELSizeLimit(count, .items(items.limit)), minimum: 2, model)
    }

    private init?(object schema: StructuralSchema, _ isResource: Bool, _ model: CELCostModel) {
        if let values = schema.additionalProperties.schema {
            guard let values = SchemaSize(values, isResource: values.isEmbeddedResource, model: model) else {
                return nil
            }
            // A key has at least two quotes, a colon, a comma and two characters.
            let count =
                schema.constraints.maxProperties.map { UInt64(max($0, 0)) }
                ?? (RuleCost.maximumRequest - 2) / values.minimum.saturatingAdd(6)
            self.init(CELSizeLimit(count, .values(values.limit)), minimum: 2, model)
            return
        }
        var fields: [String: CELSizeLimit] = [:]
        var minimum: UInt64 = 2
        for (name, property) in isResource ? schema.resourceProperties : schema.properties {
            guard let size = SchemaSize(property, isResource: property.isEmbeddedResource, model: model) else {
                continue
            }
            fields[name] = size.limit
            if property.defaultValue == nil, schema.constraints.required.contains(name) {
                minimum = minimum.saturatingAdd(size.minimum).saturatingAdd(UInt64(name.utf8.count) + 4)
            }
        }
        self.init(CELSizeLimit(0, .fields(fields)), minimum: minimum, model)
    }

    private init(text constraints: ValueConstraints, _ model: CELCostModel) {
        switch constraints.format {
        case .byte:
            let bytes = constraints.maxLength.map { UInt64(max($0, 0)) } ?? Self.characters(nil)
            self.init(CELSizeLimit(bytes), minimum: 2, model)
        case .duration: self.init(CELSizeLimit(32), minimum: 3, model)
        case .date: self.init(CELSizeLimit(12), minimum: 12, model)
        case .dateTime: self.init(CELSizeLimit(32), minimum: 21, model)
        default:
            let choices = constraints.enumeration ?? []
            let longest = UInt64(choices.compactMap { $0.stringValue?.utf8.count }.max() ?? 0)
            let isChoice = constraints.maxLength == nil && !choices.isEmpty
            self.init(CELSizeLimit(isChoice ? longest : Self.characters(constraints.maxLength)), minimum: 2, model)
        }
    }

    /// A character has up to four bytes. A text without a limit fills a request, except for its quotes.
    private static func characters(_ length: Int64?) -> UInt64 {
        length.map { UInt64(max($0, 0)).saturatingMultiply(4) } ?? RuleCost.maximumRequest - 2
    }
}

extension StructuralSchema {
    /// How many values a child schema can have in one value; nil if there is no limit.
    fileprivate var maximumChildren: UInt64? {
        switch (type, additionalProperties) {
        case (.array, _): constraints.maxItems.map { UInt64(max($0, 0)) }
        case (.object, .matching), (.object, .anything): constraints.maxProperties.map { UInt64(max($0, 0)) }
        default: 1
        }
    }

    /// The properties of a resource. Expressions can use its type and name even if the schema does not declare them.
    fileprivate var resourceProperties: [String: StructuralSchema] {
        let metadata = properties["metadata"]
        let names =
            [properties["kind"], properties["apiVersion"]] + ["name", "generateName"].map { metadata?.properties[$0] }
        if metadata?.type == .object, names.allSatisfy({ $0?.type == .string }) { return properties }
        return withObjectFields.properties
    }
}
