/// One rule, ready to run.
struct CompiledRule: Sendable {
    let rule: ValidationRule
    let program: CELProgram
    let message: CELProgram?
    let kind: FieldError.Kind
    /// The segments of `fieldPath`.
    let fieldPath: [FieldPath.Segment]
    /// Speaks of the stored value, and so runs only on updates.
    let isTransition: Bool
    /// Runs on creation too: the stored value is an optional.
    let isOldOptional: Bool

    /// What is said when the rule does not hold and no expression says it better.
    var fixedMessage: String {
        guard let message = rule.message?.trimmedOfBlanks, !message.isEmpty else {
            return "failed rule: \(rule.rule.trimmedOfBlanks)"
        }
        return message
    }

    /// How errors of the evaluation name the rule.
    var name: String {
        guard let message = rule.message?.trimmedOfBlanks, !message.isEmpty else { return rule.rule.trimmedOfBlanks }
        return message
    }
}

extension String {
    /// The text without white space at its ends.
    var trimmedOfBlanks: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...last])
    }
}
