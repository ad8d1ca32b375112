import KubeClient
import TestSupport
import Testing

@testable import CEL

/// Compares random expressions with their values by Swift arithmetic and three-valued logic.
@Suite struct CELPropertyTests {
    private struct Sample {
        let source: String
        /// Nil for an error.
        let value: Int64?
    }

    private func arithmetic(depth: Int, using random: inout SplitMix) -> Sample {
        guard depth > 0 else {
            let interesting: [Int64] = [0, 1, -1, 2, 7, .max, .min, .max / 2, -3]
            let value = interesting.randomElement(using: &random) ?? 0
            return Sample(source: "(\(value))", value: value)
        }
        let left = arithmetic(depth: depth - 1, using: &random)
        let right = arithmetic(depth: depth - 1, using: &random)
        let name = ["+", "-", "*", "/", "%"].randomElement(using: &random) ?? "+"
        var value: Int64?
        if let left = left.value, let right = right.value {
            let result =
                switch name {
                case "+": left.addingReportingOverflow(right)
                case "-": left.subtractingReportingOverflow(right)
                case "*": left.multipliedReportingOverflow(by: right)
                case "/": left.dividedReportingOverflow(by: right)
                default: left.remainderReportingOverflow(dividingBy: right)
                }
            value = result.overflow ? nil : result.partialValue
        }
        return Sample(source: "(\(left.source) \(name) \(right.source))", value: value)
    }

    @Test func `arithmetic reports overflow instead of wrapping around`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let sample = arithmetic(depth: Int.random(in: 1...3, using: &random), using: &random)
            let result = try? CELExpressionTests.evaluate(sample.source)
            switch (result, sample.value) {
            case (.int(let found)?, let expected?): #expect(found == expected, "\(sample.source), seed \(seed)")
            case (nil, nil): break
            default:
                Issue.record(
                    "\(sample.source) is \(String(describing: result)), not \(String(describing: sample.value)), seed \(seed)"
                )
            }
        }
    }

    private enum Truth: CaseIterable { case yes, no, failed }

    private func logic(depth: Int, using random: inout SplitMix) -> (source: String, value: Truth) {
        guard depth > 0 else {
            let value = Truth.allCases.randomElement(using: &random) ?? .yes
            return (value == .yes ? "true" : value == .no ? "false" : "(1 / 0 == 1)", value)
        }
        let left = logic(depth: depth - 1, using: &random)
        let right = logic(depth: depth - 1, using: &random)
        let isOr = Bool.random(using: &random)
        let deciding: Truth = isOr ? .yes : .no
        let value: Truth =
            left.value == deciding || right.value == deciding
            ? deciding : left.value == .failed || right.value == .failed ? .failed : isOr ? .no : .yes
        return ("(\(left.source) \(isOr ? "||" : "&&") \(right.source))", value)
    }

    @Test func `a deciding operand of || or && hides errors of the others`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let sample = logic(depth: Int.random(in: 1...4, using: &random), using: &random)
            let found: Truth =
                switch try? CELExpressionTests.evaluate(sample.source) {
                case .bool(true)?: .yes
                case .bool(false)?: .no
                default: .failed
                }
            #expect(found == sample.value, "\(sample.source), seed \(seed)")
        }
    }

    @Test func `numbers of all types compare exactly`() throws {
        let numbers: [(CELValue, Double)] = [
            (.int(.min), -0x1p63), (.double(-0x1p63), -0x1p63), (.int(-1), -1), (.double(-0.5), -0.5), (.int(0), 0),
            (.uint(0), 0),
            (.double(0.5), 0.5), (.uint(1), 1), (.double(1.5), 1.5), (.int(2), 2), (.double(1e300), 1e300),
        ]
        for (left, leftRank) in numbers {
            for (right, rightRank) in numbers {
                let expected: CELValue.Order = leftRank < rightRank ? .less : leftRank > rightRank ? .greater : .equal
                #expect(left.order(to: right) == expected, "\(left) to \(right)")
            }
        }
        #expect(CELValue.int(.max).order(to: .double(0x1p63)) == .less)
        #expect(CELValue.uint(.max).order(to: .double(0x1p64)) == .less)
        #expect(CELValue.double(.nan).order(to: .int(1)) == .unordered)
    }
}
