/// The label value for a status code: a closed vocabulary, whatever a server or a proxy answers.
///
/// Codes that API servers and proxies use stand for themselves. Others become their class, such as `5xx`, so that
/// queries for `code=~"5.."` count them too; what is no status code at all is `other`.
enum StatusCodeLabel {
    private static let known: Set<Int> = [
        101, 200, 201, 202, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422,
        429, 431, 500, 501, 502, 503, 504, 507,
    ]

    static func of(_ code: Int) -> String {
        if known.contains(code) { return String(code) }
        return (100..<600).contains(code) ? "\(code / 100)xx" : MetricFamily.overflowLabel
    }
}
