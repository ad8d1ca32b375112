import TestSupport

/// The JSON of one object.
func object(_ name: String, _ version: Int, extra: String = "") -> String {
    #"{"metadata":{"namespace":"ns","name":"\#(name)","uid":"uid-\#(name)","resourceVersion":"\#(version)"}\#(extra)}"#
}

/// The JSON of one page.
func page(_ objects: [String], at version: Int, token: String = "") -> String {
    #"{"metadata":{"resourceVersion":"\#(version)","continue":"\#(token)"},"items":[\#(objects.joined(separator: ","))]}"#
}

extension FakeBody {
    /// Sends one watch event about an object.
    func event(_ type: String, _ name: String, _ version: Int, extra: String = "") {
        push(#"{"type":"\#(type)","object":\#(object(name, version, extra: extra))}"# + "\n")
    }
}
