extension KubeError {
    /// The most of a foreign error text that is kept.
    static let maximumPlainText = 4096

    /// Reads an answer whose status is not a success.
    init(_ response: HTTPResponse) {
        let seconds = response.headers["Retry-After"].flatMap { Int($0) }
        guard var status = APIStatus(body: response.body) else {
            let text = String(decoding: response.body.prefix(Self.maximumPlainText), as: UTF8.self)
            self = .plainText(code: response.status, body: text.trimmedLineEnd, retryAfterSeconds: seconds)
            return
        }
        // The line of the answer rules over the body's copy.
        status.code = response.status
        status.retryAfterSeconds = status.retryAfterSeconds ?? seconds
        self = .status(status)
    }
}

extension String {
    /// The text without the line ends it closes with.
    fileprivate var trimmedLineEnd: String {
        var text = self[...]
        while text.last?.isNewline == true { text.removeLast() }
        return String(text)
    }
}
