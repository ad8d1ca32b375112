import KubeClient
import Testing

@testable import CEL

@Suite struct CELExpressionTests {
    static func evaluate(_ source: String, _ variables: [(name: String, value: CELValue)] = []) throws -> CELValue {
        var budget = CELBudget()
        let program = try CELProgram(source, variables: variables.map { ($0.name, .dyn) })
        return try program.evaluate(variables, budget: &budget)
    }

    /// Each expression evaluates to true.
    @Test(arguments: [
        // Literals
        "0x1F == 31", "-9223372036854775808 < 0", "1u + 2u == 3u", "1.5e3 == 1500.0", ".5 == 0.5",
        #""a\n\x41\u00e9\U0001F600\101" == 'a\nAé😀A'"#,
        #"r'\d' == "\\d""#, #"'''a"b''' == "a\"b""#, #"b'\xff\101'.size() == 2"#, #"b"é".size() == 2"#, "null == null",
        "[1, 2,] == [1, 2]",
        "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "1 == 1 // comment",
        // Operators
        "1 + 2 * 3 == 7", "(1 + 2) * 3 == 9", "7 / 2 == 3 && -7 / 2 == -3 && -7 % 3 == -1", "10 - 2 - 3 == 5",
        "true ? (false ? false : true) : false",
        "!false && !!true", "--1 == 1", "2 in [1, 2] && !(3 in [1, 2])", "'a' in {'a': 1}",
        "1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3 && 1 != 2",
        "1 < 1.5 && 2u > 1 && 1.5 < 2u", "'a' < 'b' && 'é' > 'z'", "'a' + 'b' == 'ab' && [1] + [2] == [1, 2]",
        "dyn(1) == dyn(1.0) && dyn(1u) == dyn(1)",
        "dyn(1) != dyn('1')", "[[1]] == [[1]]", "9007199254740993 > dyn(9007199254740992.0)", "'e\\u0301' != 'é'",
        // Short circuits hide errors
        "true || 1 / 0 == 1", "1 / 0 == 1 || true", "!(false && 1 / 0 == 1)", "!(1 / 0 == 1 && false)",
        "[1, 0].exists(x, 1 / x == 1)", "[0, 1].exists(x, 1 / x == 1)", "![0, 2].all(x, 4 / x == 1)",
        // Macros
        "[1, 2, 3].all(x, x > 0) && [].all(x, false)", "[1, 2].exists(x, x == 2) && ![].exists(x, true)",
        "[1, 2, 2].exists_one(x, x == 1)",
        "[1, 2, 3].map(x, x * 2) == [2, 4, 6]", "[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]",
        "[1, 2, 3].filter(x, x != 2) == [1, 3]",
        "{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])", "{'a': 1}.map(k, k) == ['a']",
        "has({'a': 1}.a) && !has({'a': 1}.b)",
        "[[1, 2], [3]].all(x, x.all(y, y > 0))", "[1].map(x, [2].map(y, x + y)) == [[3]]",
        // Indexing
        "[1, 2][1] == 2", "{'a': {'b': 1}}.a.b == 1", "{'a': 1}['a'] == 1", "{1: 'x'}[1] == 'x'",
        "[1, 2][?5].orValue(7) == 7", "{'a': 1}.?b.orValue(2) == 2",
        "{'a': {'b': 3}}.?a.b.orValue(0) == 3", "{'a': 1}[?'a'].hasValue()", "optional.of(1).value() == 1",
        "!optional.none().hasValue()",
        "optional.ofNonZeroValue('').orValue('x') == 'x'", "optional.of(2).optMap(x, x * 2).orValue(0) == 4",
        "optional.none().or(optional.of(1)).value() == 1", "[1, ?optional.none(), ?optional.of(2)] == [1, 2]",
        "{?'a': optional.none()} == {}",
        // Strings
        "'tekton'.startsWith('te') && 'tekton'.endsWith('on') && 'tekton'.contains('kt')",
        "'a1'.matches('^[a-z][0-9]$') && matches('xay', 'a')",
        "'äb'.size() == 2 && size('äb') == 2", "'Ab'.lowerAscii() == 'ab' && 'aB'.upperAscii() == 'AB'",
        "' a '.trim() == 'a'",
        "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'a,b'.split(',', 0) == []",
        "'ab'.split('') == ['a', 'b']",
        "['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'",
        "'aXbX'.replace('X', '-') == 'a-b-' && 'aXbX'.replace('X', '-', 1) == 'a-bX'",
        "'ab'.replace('', '-') == '-a-b-'", "'hello'.substring(1, 3) == 'el' && 'hello'.substring(2) == 'llo'",
        "'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.indexOf('x') == -1 && 'hello'.indexOf('l', 3) == 3",
        "'abc'.charAt(1) == 'b'",
        // Lists
        "[1, 2, 3].isSorted() && ![2, 1].isSorted()", "[1, 2].sum() == 3 && [1.5, 1.5].sum() == 3.0",
        "[3, 1].min() == 1 && [3, 1].max() == 3",
        "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2",
        "sets.contains([1, 2], [1]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])",
        // Conversions
        "int('7') == 7 && int(7.9) == 7 && int(-7.9) == -7 && int(7u) == 7", "uint(7) == 7u",
        "double('1.5') == 1.5 && double(1) == 1.0",
        "string(7) == '7' && string(true) == 'true' && string(1.5) == '1.5' && string(b'ab') == 'ab'",
        "bool('true') && !bool('false')",
        "type(1) == int && type('') == string && type(1) != type(1.0)", "bytes('a') == b'a'",
        // Times
        "timestamp('2026-01-01T10:00:00Z') < timestamp('2026-01-01T10:00:00.5Z')",
        "timestamp('2026-01-01T10:00:00Z') + duration('1h30m') == timestamp('2026-01-01T11:30:00Z')",
        "timestamp('2026-01-02T00:00:00Z') - timestamp('2026-01-01T00:00:00Z') == duration('24h')",
        "duration('1.5s').getMilliseconds() == 500",
        "duration('90m').getHours() == 1 && duration('90m').getMinutes() == 90", "string(duration('1h')) == '3600s'",
        "timestamp('2024-02-29T23:59:58Z').getFullYear() == 2024 && timestamp('2024-02-29T23:59:58Z').getMonth() == 1",
        "timestamp('2024-02-29T23:59:58Z').getDayOfMonth() == 28 && timestamp('2024-02-29T23:59:58Z').getDate() == 29",
        "timestamp('2024-02-29T23:59:58Z').getDayOfYear() == 59 && timestamp('2024-02-29T23:59:58Z').getDayOfWeek() == 4",
        "timestamp('2024-02-29T23:59:58Z').getHours() == 23 && timestamp('2024-02-29T23:59:58Z').getHours('+02:00') == 1",
        "string(timestamp('2026-01-01T12:00:00.250+02:00')) == '2026-01-01T10:00:00.25Z'",
        "int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "duration('-1.5h') + duration('90m') == duration('0s')",
    ])
    func `an expression is true`(_ source: String) throws {
        guard case .bool(true) = try Self.evaluate(source) else {
            Issue.record("\(source) is not true")
            return
        }
    }

    @Test(arguments: [
        ("1 / 0", "division by zero"), ("1 % 0", "modulus by zero"), ("9223372036854775807 + 1", "overflow"),
        ("-9223372036854775808 - 1", "overflow"),
        ("9223372036854775807 * 2", "overflow"), ("-(-9223372036854775808)", "overflow"),
        ("-9223372036854775808 / -1", "overflow"), ("0u - 1u", "overflow"),
        ("[1][1]", "index out of bounds: 1"), ("[1][-1]", "index out of bounds"), ("{'a': 1}.b", "no such key: b"),
        ("{'a': 1}['b']", "no such key: b"),
        ("int('x')", "conversion error"), ("int(1e30)", "range error"), ("uint(-1)", "range error"),
        ("'ab'.substring(3)", "invalid substring range"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1h')", "timestamp overflow"),
        ("optional.none().value()", "dereference"),
        ("{'a': 1, 'a': 2}", "repeated key"), ("dyn(1) + dyn('a')", "no such overload"),
        ("dyn(1).size()", "no such overload"), ("[].max()", "empty list"),
        ("'a'.matches('a' + '(')", "error parsing regexp"), ("false || 1 / 0 == 1", "division by zero"),
        ("[0].all(x, 1 / x == 1)", "division by zero"),
        ("timestamp('2026-01-01T00:00:00Z').getHours('Europe/Berlin')", "unknown time zone"),
    ])
    func `evaluation fails with a message`(_ source: String, message: String) throws {
        let error = #expect(throws: CELError.self) { try Self.evaluate(source) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        ("x", "ERROR: <input>:1:1: undeclared reference to 'x'"), ("1 +", "unexpected end"),
        ("(1", "mismatched input '<EOF>' expecting ')'"), ("1 1", "mismatched input"),
        ("foo(1)", "undeclared reference to 'foo'"), ("'a'.foo()", "undeclared reference to 'foo'"),
        ("1 + 'a'", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("'a'.startsWith(1)", "found no matching overload for 'startsWith' applied to 'string.(int)'"),
        ("1 == 'a'", "no matching overload"), ("1 && true", "expected type 'bool'"),
        ("true ? 1 : 'a'", "no matching overload for '_?_:_'"), ("'a'.b", "does not support field selection"),
        ("'a'.all(x, true)", "cannot be range"), ("has(1)", "has() macro"),
        ("[1].all(1, true)", "must be a simple name"), ("'a", "unterminated"),
        ("'a'.matches('(')", "missing closing )"), ("9223372036854775808", "invalid int literal"),
        ("if", "reserved identifier"), ("1\n  + y", "<input>:2:5"), ("a # b", "token recognition"),
        ("[1].map(x, x).filter(y, x > 0)", "undeclared reference to 'x'"),
        ("'\\q'", "invalid escape"), ("size(1)", "no matching overload"), ("duration(1)", "no matching overload"),
        ("quantity('1')", "undeclared reference"),
        (String(repeating: "(", count: 5000) + "1", "nested deeper"),
    ])
    func `compilation fails with a message`(_ source: String, message: String) throws {
        let error = #expect(throws: CELError.self) { try CELProgram(source, variables: []) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    /// `||` does not hide that the budget ran out.
    @Test(arguments: [
        "l.all(a, l.all(b, l.all(c, a + b + c >= 0)))", "l.all(a, l.all(b, l.all(c, a + b + c >= 0))) || true",
    ])
    func `expensive expressions run out of budget`(_ source: String) throws {
        let list = CELValue.list((0..<30).map { CELValue.int($0) })
        let program = try CELProgram(source, variables: [("l", .list(.int))])
        var budget = CELBudget(perExpression: 10_000)
        #expect(throws: CELError.outOfBudget) { try program.evaluate([("l", list)], budget: &budget) }
        var plenty = CELBudget()
        #expect(throws: Never.self) { try program.evaluate([("l", list)], budget: &plenty) }
    }
}
