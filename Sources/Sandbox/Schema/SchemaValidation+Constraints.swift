import KubeClient

extension SchemaValidation {
    mutating func validate(_ value: JSONValue, _ constraints: ValueConstraints) {
        if let allowed = constraints.enumeration, !allowed.contains(where: { $0.isEqualJSON(to: value) }) {
            let names = allowed.map { "\"\($0.stringValue ?? $0.encodedString)\"" }.joined(separator: ", ")
            report(.notSupported, value, "supported values: \(names)")
        }
        switch value {
        case .string(let text): validate(text, value, constraints)
        case .integer(let number):
            validate(Double(number), value, constraints)
            if constraints.isInt32, Int32(exactly: number) == nil {
                reportInBody(value, "must be of type int32: \(number)")
            }
        case .double(let number): validate(number, value, constraints)
        case .array(let elements):
            if let least = constraints.minItems, elements.count < least {
                reportInBody(value, "should have at least \(least) items")
            }
            if let most = constraints.maxItems, elements.count > most {
                report(.tooMany, .integer(Int64(elements.count)), "must have at most \(most) items")
            }
        case .object(let object):
            if let least = constraints.minProperties, object.count < least {
                reportInBody(value, "should have at least \(least) properties")
            }
            if let most = constraints.maxProperties, object.count > most {
                report(.tooMany, .integer(Int64(object.count)), "must have at most \(most) items")
            }
        case .null, .bool: break
        }
    }

    private mutating func validate(_ text: String, _ value: JSONValue, _ constraints: ValueConstraints) {
        if let most = constraints.maxLength, text.utf8.count > most, text.unicodeScalars.count > most {
            // A text too long is not searched for a pattern.
            return report(.tooLong, value, "may not be more than \(most) bytes")
        }
        if let least = constraints.minLength, text.unicodeScalars.count < least {
            reportInBody(value, "should be at least \(least) chars long")
        }
        if let pattern = constraints.pattern, !pattern.matches(text) {
            reportInBody(value, "should match '\(pattern)'")
        }
        if let format = constraints.format, !format.accepts(text) {
            reportInvalidFormat(value, format)
        }
    }

    private mutating func reportInvalidFormat(_ value: JSONValue, _ format: StringFormat) {
        report(.typeInvalid, value, "\(path) in body must be of type \(format.rawValue): \(value.encodedString)")
    }

    private mutating func validate(_ number: Double, _ value: JSONValue, _ constraints: ValueConstraints) {
        if let bound = constraints.minimum {
            if constraints.isMinimumExclusive ? number <= bound : number < bound {
                let relation = constraints.isMinimumExclusive ? "greater than" : "greater than or equal to"
                reportInBody(value, "should be \(relation) \(JSONValue.double(bound).encodedString)")
            }
        }
        if let bound = constraints.maximum {
            if constraints.isMaximumExclusive ? number >= bound : number > bound {
                let relation = constraints.isMaximumExclusive ? "less than" : "less than or equal to"
                reportInBody(value, "should be \(relation) \(JSONValue.double(bound).encodedString)")
            }
        }
        if let divisor = constraints.multipleOf, !(number / divisor).isWhole {
            reportInBody(value, "should be a multiple of \(JSONValue.double(divisor).encodedString)")
        }
    }
}

extension Double {
    fileprivate var isWhole: Bool { isFinite && rounded() == self }
}
