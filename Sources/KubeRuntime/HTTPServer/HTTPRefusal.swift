/// Why a request is not even looked at, with the status that says so.
package struct HTTPRefusal: Error, Hashable {
    package let status: Int
    package let message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    static let headTooLarge = HTTPRefusal(431, "request line and headers are too large")
    static let bodyTooLarge = HTTPRefusal(413, "the request body is too large")

    static func malformed(_ what: String) -> HTTPRefusal { HTTPRefusal(400, "malformed request: \(what)") }
}
