import CEL
import KubeClient
import TestSupport
import Testing

@testable import Schema

/// The cost estimate of rules, with numbers from the tests of Kubernetes (`TestCostEstimation`) and of its estimator.
@Suite struct RuleCostTests {
    /// The costs of the rules of a schema, in YAML; the schema is that of a field of the resource.
    private static func costs(_ schema: String, _ rules: [String], _ model: CELCostModel?) throws -> [UInt64] {
        var field = try #require(YAML.documents(Array(schema.utf8), source: "test").first)
        field["x-kubernetes-validations"] = .array(rules.map { ["rule": .string($0)] })
        let resource = try CustomResourceSchema(reading: ["type": "object", "properties": ["field": field]])
        return resource.ruleCosts(at: FieldPath("schema"), model: model).map(\.cost)
    }

    /// A schema of Kubernetes' tests: without limits, and with the limits in place of `#`.
    struct Sample: Sendable, CustomTestStringConvertible {
        let schema: String
        let rule: String
        let unlimited: UInt64
        let limit: Int
        let limited: UInt64

        init(_ schema: String, _ rule: String, _ unlimited: UInt64, limit: Int, _ limited: UInt64) {
            self.schema = schema
            self.rule = rule
            self.unlimited = unlimited
            self.limit = limit
            self.limited = limited
        }

        var testDescription: String { "\(rule) on \(schema)" }

        /// The schema with the limit of each list, map and string, or without.
        func schema(limit: Int?) -> String {
            var text = schema
            for keyword in ["maxItems", "maxProperties", "maxLength"] {
                text = text.replacing(", \(keyword): #", with: limit.map { ", \(keyword): \($0)" } ?? "")
            }
            return text
        }
    }

    private static func list(_ items: String) -> String { "{type: array, items: \(items), maxItems: #}" }
    private static func map(_ values: String) -> String {
        "{type: object, additionalProperties: \(values), maxProperties: #}"
    }
    private static let number = "{type: number}"
    private static let unlimitedText = "{type: string}"
    private static let text = "{type: string, maxLength: #}"
    private static let boolean = "{type: boolean}"
    private static let duration = "{type: string, format: duration}"
    private static let date = "{type: string, format: date}"
    private static let time = "{type: string, format: date-time}"
    private static let intOrString = "{x-kubernetes-int-or-string: true}"
    private static let object =
        "{type: object, required: [required], properties: {required: {type: string}, optional: {type: string}}}"
    private static let nested =
        "{type: array, items: {type: object, additionalProperties: \(object), maxProperties: #}, maxItems: #}"

    private static let samples: [Sample] = [
        Sample(list(number), "self.all(x, true)", 4_718_591, limit: 10, 32),
        Sample(list(unlimitedText), "self.all(x, true)", 3_145_727, limit: 20, 62),
        Sample(list(boolean), "self.all(x, true)", 1_887_437, limit: 5, 17),
        Sample(list("{type: array, items: \(number)}"), "self.all(x, true)", 3_145_727, limit: 100, 302),
        Sample(list(object), "self.all(x, true)", 555_128, limit: 50, 152),
        Sample(map(number), "self.all(x, true)", 1_348_169, limit: 10, 32),
        Sample(map(unlimitedText), "self.all(x, true)", 1_179_647, limit: 3, 11),
        Sample(map(boolean), "self.all(x, true)", 943_718, limit: 100, 302),
        Sample(text, "self.contains('test')", 314_574, limit: 10, 5),
        Sample(text, "self.startsWith('test')", 2, limit: 15, 2),
        Sample(text, "self.endsWith('test')", 2, limit: 30, 2),
        Sample(text, #"size(self + "hello") > size("hello")"#, 314_578, limit: 4, 7),
        Sample(list(number), "self[1] == 0.0", 2, limit: 5000, 2),
        Sample(list(unlimitedText), "self[1] == self[1]", 314_577, limit: 8, 314_577),
        Sample(text, #"self.matches("x")"#, 314_574, limit: 50, 22),
        Sample(text, #""".matches("(((((((((())))))))))[0-9]")"#, 7, limit: 10, 7),
        Sample(text, #"self.matches("")"#, 1, limit: 100, 1),
        Sample(map(text), "self.all(x, x.contains(self[x]))", 2_752_507, limit: 10, 72),
        Sample(list(number), "self[3] == 0.0", 2, limit: 0, 2),
        Sample(map(number), #"self["x"] == 0.0"#, 2, limit: 0, 2),
        Sample(text, #"self == "x""#, 2, limit: 0, 1),
        Sample("{type: string, format: byte, maxLength: #}", #"self == b"x""#, 2, limit: 0, 1),
        Sample(list(number), "self.all(x, x == 0.0)", 6_291_454, limit: 6_291_456, 25_165_826),
        Sample(nested, #"self.all(x, x["y"].required == "z")"#, 7_340_027, limit: 10, 72),
        Sample(
            "{type: array, items: {type: object, additionalProperties: \(object), maxProperties: #}}",
            #"self.all(x, x["y"].required == "z")"#, 7_340_027, limit: 10, 7_340_027),
        Sample(list(intOrString), "self.all(x, true)", 4_718_591, limit: 10, 32),
        Sample(list(intOrString), "self[0] == 5", 3, limit: 10, 3),
        Sample(list(boolean), "self[0] == false", 2, limit: 25, 2),
        Sample(list(object), "self[0] == null", 2, limit: 422, 2),
        Sample(list("{type: array, items: \(number)}"), "self[0][0] == -1.0", 3, limit: 51, 3),
        Sample(
            list("{type: object, additionalProperties: \(number)}"), "self.all(x, x.y == 25.2)", 6_291_452, limit: 12,
            74),
        Sample(list("{type: object, additionalProperties: \(number)}"), "self[0].x > 2.0", 4, limit: 3000, 4),
        Sample(list(duration), "self.all(x, true)", 2_359_295, limit: 5, 17),
        Sample(list(duration), "self[0].getHours() == 2", 4, limit: 525, 4),
        Sample(list(date), "self.all(x, true)", 725_936, limit: 15, 47),
        Sample(list(date), "self[2].getDayOfMonth() == 13", 4, limit: 42, 4),
        Sample(list(time), "self.all(x, true)", 428_963, limit: 25, 77),
        Sample(list(time), "self[2].getMinutes() == 45", 4, limit: 99, 4),
        Sample(map(intOrString), "self.all(x, true)", 1_348_169, limit: 15, 47),
        Sample(map(object), "self.all(x, true)", 428_963, limit: 20, 62),
        Sample(
            map("{type: object, additionalProperties: \(number)}"), "self.all(x, true)", 1_179_647, limit: 10, 32),
        Sample(map("{type: array, items: \(number)}"), "self.all(x, true)", 1_179_647, limit: 25, 77),
        Sample(map(duration), "self.all(x, true)", 1_048_577, limit: 5, 17),
        Sample(map(date), "self.all(x, true)", 524_288, limit: 10, 32),
        Sample(map(time), "self.all(x, true)", 349_526, limit: 25, 77),
        Sample(list(text), "self.join(' ') == 'aa bb'", 329_853_068_905, limit: 10, 43),
        Sample(list(text), "self.isSorted() == true", 329_854_432_052, limit: 10, 52),
        Sample(
            """
            {type: object, properties: {str: \(text), before: {type: string, maxLength: 2}, after: {type: string, \
            maxLength: 4}}}
            """, "self.str.replace(self.before, self.after) == 'does not matter'", 629_154, limit: 4, 12),
        Sample(
            "{type: object, properties: {str: \(text), separator: \(text)}}", "self.str.split(self.separator) == []",
            629_160, limit: 10, 22),
        Sample(text, "self.lowerAscii() == 'lower!'", 314_575, limit: 10, 6),
        Sample(map("{type: integer}"), "oldSelf.size() == self.size()", 5, limit: 10, 5),
        Sample(map(time), #"self["a"] == self["b"]"#, 8, limit: 7, 8),
        Sample(map(duration), #"self["c"] == self["d"]"#, 8, limit: 42, 8),
        Sample(
            "{type: string, enum: [A, B, C, LongValue], maxLength: #}", "self.contains('A')", 2, limit: 1000, 401),
    ]

    @Test(arguments: samples)
    func `a rule costs what Kubernetes expects`(sample: Sample) throws {
        for model in CELCostModel.allCases {
            let unlimited = try Self.costs(sample.schema(limit: nil), [sample.rule], model)
            #expect(unlimited == [sample.unlimited], "\(model), no limits")
            let limited = try Self.costs(sample.schema(limit: sample.limit), [sample.rule], model)
            #expect(limited == [sample.limited], "\(model), limit \(sample.limit)")
        }
    }

    // MARK: Versions

    private static let texts = "{type: array, maxItems: 10, items: {type: string, maxLength: 10}}"

    /// Rules on a list of texts, with the cost in Kubernetes 1.31 and since 1.33.
    @Test(
        arguments: [
            ("['abc', 'de'].all(p, self.exists(s, s.startsWith(p)))", 161, 161),
            ("self.map(s, s.lowerAscii())[0] == 'a'", 184, 184),
            ("self.map(s, s != '', s + 'x').size() < 3", 204, 204),
            ("self.filter(s, s.contains('x')).size() < 3", 194, 194),
            ("self.filter(s, s != '')[0].contains('@')", 154, 157),
            ("self.exists_one(s, s.endsWith('x'))", 43, 43),
            ("self.exists(s, s == 'x') == true", 63, 63),
            ("self.all(s, self.all(t, s == t))", 952, 952),
            ("['a', self[0]][0].contains('@')", 14, 17),
            ("{'k': self[0]}['k'].startsWith(self[0])", 39, 39),
            ("dyn(self[0]) == 'a'", 4, 4),
            ("self[0].split(',', 3).exists(s, s == self[1])", 35, 35),
            ("size(self[0].split(',')) == 2", 12, 12),
            ("sets.contains(self, ['a', 'b'])", 32, 32),
            ("sets.equivalent(self, ['a', 'b'])", 52, 52),
            ("'a' in self && !('b' in ['a', 'b'])", 24, 24),
            ("(self[0] < self[1] ? self[0] : 'abc').contains(self[2])", 28, 28),
            ("self.indexOf('a') == 1", 52, 52),
            ("self[0].indexOf('a') == 1", 7, 7),
            ("bytes(self[0]) == b'abc'", 7, 7),
            ("self[?1].orValue('x') == 'y'", 4, 4),
            ("self + self == ['a']", 14, 14),
            ("matches(self[0], '^[a-z]+$')", 3, 3),
            ("self[0].matches('^[a-z]+$')", 12, 12),
            // The items of a mapped list have no declared size, and since 1.33 neither does the variable of optMap.
            ("self.map(s, s).join(',') == ''", 1_844_674_407_370_955_406, 1_844_674_407_370_955_406),
            ("optional.of(self[0]).optMap(s, s + 'x').hasValue()", 23, 1_844_674_407_370_955_285),
        ] as [(String, UInt64, UInt64)])
    func `a rule on texts costs what each version of Kubernetes estimates`(
        rule: String, before: UInt64, since: UInt64
    ) throws {
        #expect(try Self.costs(Self.texts, [rule], .kubernetes131) == [before])
        #expect(try Self.costs(Self.texts, [rule], .kubernetes133) == [since])
        #expect(try Self.costs(Self.texts, [rule], nil) == [max(before, since)])
    }

    private static let tasks = """
        {type: array, maxItems: 4, items: {type: object, properties: {name: {type: string, maxLength: 10}, image: \
        {type: string, maxLength: 100}, labels: {type: object, maxProperties: 3, additionalProperties: {type: string, \
        maxLength: 20}}, params: {type: array, maxItems: 5, items: {type: object, properties: {name: {type: string, \
        maxLength: 10}, value: {type: string, maxLength: 1000}}}}}}}
        """

    /// Since 1.33, reading a field of the outer variable changes what is known about the inner variable.
    @Test(
        arguments: [
            ("self.tasks.all(t, t.params.all(p, p.name != t.name))", 247, 1787),
            ("self.tasks.all(t, t.params.all(p, t.name != p.name))", 247, 1787),
            ("self.tasks.all(t, t.params.all(p, p.value != t.image && p.name != t.name))", 1127, 8827),
            ("self.tasks.all(t, t.labels.all(l, t.labels[l] != t.name))", 183, 2107),
            ("self.tasks.all(t, t.labels.all(l, t.name != l))", 99, 987),
            ("self.spec.run.tasks.all(t, t.image.startsWith(t.name))", 49, 49),
            ("self.spec.run.tasks.all(t, t.params.all(p, p.value.contains(t.name)))", 32_169, .max),
            ("self.spec.run.tasks.all(t, self.spec.run.tasks.exists_one(u, u.name == t.name))", 201, 201),
        ] as [(String, UInt64, UInt64)])
    func `nested loops cost what each version of Kubernetes estimates`(
        rule: String, before: UInt64, since: UInt64
    ) throws {
        let run = "{type: object, properties: {run: {type: object, properties: {tasks: \(Self.tasks)}}}}"
        let schema = "{type: object, properties: {tasks: \(Self.tasks), spec: \(run)}}"
        #expect(try Self.costs(schema, [rule], .kubernetes131) == [before])
        #expect(try Self.costs(schema, [rule], .kubernetes133) == [since])
    }

    @Test func `the length of an int-or-string counts in newer versions`() throws {
        let schema = "{x-kubernetes-int-or-string: true, maxLength: 20}"
        let rule = "self.contains('0123456789')"
        #expect(try Self.costs(schema, [rule], .kubernetes131) == [314_574])
        #expect(try Self.costs(schema, [rule], .kubernetes133) == [9])
    }

    // MARK: Repetition

    @Test func `lists and maps multiply the cost of the rules inside`() throws {
        let schema = """
            {type: object, required: [spec], x-kubernetes-validations: [{rule: "self.metadata.name.startsWith(self.spec.name) \
            && self.kind != ''"}], properties: {spec: {type: object, required: [name], x-kubernetes-validations: [{rule: \
            has(self.tasks)}], properties: {name: {type: string, maxLength: 10}, tasks: {type: array, maxItems: 4, items: \
            {type: object, required: [name, size], x-kubernetes-validations: [{rule: self.size > 0, messageExpression: \
            self.name}], properties: {name: {type: string, maxLength: 10, x-kubernetes-validations: [{rule: \
            "self.startsWith('test')", messageExpression: "self + ' has no prefix'"}]}, size: {type: integer}, labels: {type: \
            object, maxProperties: 3, additionalProperties: {type: string, maxLength: 5, x-kubernetes-validations: [{rule: \
            "self != ''"}]}}, ports: {type: array, items: {type: object, required: [port], x-kubernetes-validations: [{rule: \
            self.port > 0}], properties: {port: {type: integer}}}}}}}, nested: {type: array, maxItems: 4000000000, items: \
            {type: array, maxItems: 4000000000, items: {type: array, maxItems: 4000000000, items: {type: integer, \
            x-kubernetes-validations: [{rule: self > 0}]}}}}}}}}
            """
        let document = try #require(YAML.documents(Array(schema.utf8), source: "test").first)
        let costs = try CustomResourceSchema(reading: document).ruleCosts(at: FieldPath("s"))
        let tasks = "s.properties[spec].properties[tasks].items"
        let expected: [String: UInt64] = [
            "s.x-kubernetes-validations[0].rule": 12,
            "s.properties[spec].x-kubernetes-validations[0].rule": 1,
            "\(tasks).x-kubernetes-validations[0].rule": 12,
            "\(tasks).x-kubernetes-validations[0].messageExpression": 2,
            "\(tasks).properties[name].x-kubernetes-validations[0].rule": 8,
            "\(tasks).properties[name].x-kubernetes-validations[0].messageExpression": 7,
            "\(tasks).properties[labels].additionalProperties.x-kubernetes-validations[0].rule": 12,
            // Without a limit, as many ports as fit into a request.
            "\(tasks).properties[ports].items.x-kubernetes-validations[0].rule": 786_432,
            "s.properties[spec].properties[nested].items.items.items.x-kubernetes-validations[0].rule": .max,
        ]
        #expect(Dictionary(uniqueKeysWithValues: costs.map { ($0.path.description, $0.cost) }) == expected)
    }

    // MARK: Properties

    @Test func `a higher limit never lowers the cost`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        for sample in Self.samples {
            let limits = (0..<4).map { _ in Int.random(in: 0...2_000_000, using: &random) }.sorted()
            for model in CELCostModel.allCases {
                let costs = try limits.map { try Self.costs(sample.schema(limit: $0), [sample.rule], model)[0] }
                #expect(costs == costs.sorted(), "\(sample.rule), limits \(limits), seed \(seed)")
            }
        }
    }

    @Test func `a cost that does not fit is the highest number`() throws {
        let list = "{type: array, maxItems: \(Int64.max), items: {type: string, maxLength: \(Int64.max)}}"
        let rules = [
            "self.all(a, self.all(b, self.all(c, a.contains(b) && b.matches(c))))", "self.join(self[0]) == ''",
            "self[0].replace('', self[1]).split('').isSorted()", "self.map(a, a + a).all(a, a == a)",
            "sets.equivalent(self, self + self)",
        ]
        for model in CELCostModel.allCases {
            for (rule, cost) in try zip(rules, Self.costs(list, rules, model)) {
                #expect(cost >= .max / 16, "\(rule)")
            }
        }
        #expect(try Self.costs(list, ["self.all(a, self.all(b, true))"], nil) == [.max])
    }

    /// Each optMap doubles the cost of what it is applied to, but not the time to estimate it.
    @Test func `a long chain of optMap is estimated quickly`() throws {
        let chain = String(repeating: ".optMap(a, a)", count: 40)
        #expect(try Self.costs("{type: integer}", ["optional.of(self)\(chain).hasValue()"], nil)[0] > 1 << 40)
    }
}
