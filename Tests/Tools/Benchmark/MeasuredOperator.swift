import Foundation
import KubeClient

/// An operator of the release binary, its probes and its metrics.
struct MeasuredOperator {
    let program: Program
    let secondsToReady: Double
    private let metrics: CurlTransport

    static func start(
        binary: URL, kubeconfig: URL, log: URL, arguments: [String] = []
    ) async throws -> MeasuredOperator {
        let probePort = UInt16.random(in: 20_000...30_000)
        let metricsPort = probePort + 1
        let start = ContinuousClock.now
        let program = try Program(
            binary,
            [
                "operator", "--kubeconfig", kubeconfig.path, "--log-level", "warn",
                "--health-probe-bind-address", "127.0.0.1:\(probePort)",
                "--metrics-bind-address", "127.0.0.1:\(metricsPort)",
            ] + arguments, log: log)
        let probes = try transport(probePort)
        try await waiting("readiness") {
            (try? await probes.send(HTTPRequest(.get, "/readyz", timeout: .seconds(1))))?.status == 200
        }
        let seconds = (ContinuousClock.now - start).inSeconds
        await probes.shutdown()
        return MeasuredOperator(program: program, secondsToReady: seconds, metrics: try transport(metricsPort))
    }

    /// How many requests the operator has sent so far: by method, and those that published events apart.
    func requests() async throws -> [String: Double] {
        let all = try await sums(of: "rest_client_requests_total", by: "method")
        let published = try await sums(of: "events_published_total", by: "method")
        var counts: [String: Double] = [:]
        for (method, count) in all { counts["\(method) requests"] = count - (published[method] ?? 0) }
        for (method, count) in published { counts["\(method) requests for events"] = count }
        counts["events dropped"] = try await sums(of: "events_dropped_total", by: "reason").values.reduce(0, +)
        return counts
    }

    /// The largest value of a metric; 0 where there is none.
    func maximum(of metric: String) async throws -> Double {
        let body = try await metrics.send(HTTPRequest(.get, "/metrics")).body
        let lines = String(decoding: body, as: UTF8.self).split(separator: "\n")
        return lines.filter { $0.hasPrefix("\(metric){") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.max() ?? 0
    }

    /// How long one scrape of the metrics takes, as the median of some, and how large the page is.
    func scrape() async throws -> (milliseconds: Double, kilobytes: Double) {
        var times: [Double] = []
        var size = 0
        for _ in 0..<21 {
            let start = ContinuousClock.now
            size = try await metrics.send(HTTPRequest(.get, "/metrics")).body.count
            times.append((ContinuousClock.now - start).inSeconds * 1000)
        }
        return (times.sorted()[times.count / 2], Double(size) / 1024)
    }

    /// The values of a metric, added up for each value of a label.
    private func sums(of metric: String, by label: String) async throws -> [String: Double] {
        let body = try await metrics.send(HTTPRequest(.get, "/metrics")).body
        var sums: [String: Double] = [:]
        for line in String(decoding: body, as: UTF8.self).split(separator: "\n") where line.hasPrefix("\(metric){") {
            guard let value = line.split(separator: "\(label)=\"").last?.prefix(while: { $0 != "\"" }),
                let count = line.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            sums[String(value), default: 0] += count
        }
        return sums
    }

    private static func transport(_ port: UInt16) throws -> CurlTransport {
        try CurlTransport(
            configuration: ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "benchmark"),
            userAgent: "towline-bench")
    }
}
