import Testing

@testable import KubeRuntime

@Suite struct MetricsTests {
    func text(_ registry: MetricsRegistry) -> String { String(decoding: registry.exposition(), as: UTF8.self) }

    @Test func `writes each kind of metric in the text format`() {
        let registry = MetricsRegistry()
        registry.counter("b_total", help: "Back\\slash\nand line.", labels: ["code"]).increment(["say \"hi\"\n"], by: 2)
        registry.gauge("a_gauge", help: "A gauge.").set(1.5)
        let histogram = registry.histogram("c_seconds", help: "A histogram.", buckets: [0.1, 1])
        for value in [0.05, 0.1, 0.5, 7] { histogram.observe(value) }
        #expect(
            text(registry) == """
                # HELP a_gauge A gauge.
                # TYPE a_gauge gauge
                a_gauge 1.5
                # HELP b_total Back\\\\slash\\nand line.
                # TYPE b_total counter
                b_total{code="say \\"hi\\"\\n"} 2
                # HELP c_seconds A histogram.
                # TYPE c_seconds histogram
                c_seconds_bucket{le="0.1"} 2
                c_seconds_bucket{le="1"} 3
                c_seconds_bucket{le="+Inf"} 4
                c_seconds_sum 7.65
                c_seconds_count 4

                """)
    }

    @Test func `the number of label combinations is bounded`() {
        let registry = MetricsRegistry(seriesLimit: 3)
        let counter = registry.counter("x_total", help: "x", labels: ["name"])
        for index in 0..<100 { counter.increment(["n\(index)"]) }
        let lines = text(registry).split(separator: "\n")
        #expect(lines.count == 2 + 4)
        #expect(lines.contains(#"x_total{name="other"} 97"#))
    }

    @Test func `missing labels are empty and extra ones are dropped`() {
        let registry = MetricsRegistry()
        let gauge = registry.gauge("g", help: "g", labels: ["a", "b"])
        gauge.set(1, ["x"])
        gauge.set(2, ["x", "y", "z"])
        #expect(text(registry).contains(#"g{a="x",b=""} 1"#))
        #expect(text(registry).contains(#"g{a="x",b="y"} 2"#))
        gauge.remove(["x", "y"])
        #expect(!text(registry).contains(#"b="y""#))
    }

    @Test func `collected values are read at each scrape`() {
        let registry = MetricsRegistry()
        registry.collectedGauge("g", help: "g") { [MetricSample(1)] }
        registry.collectedGauge("g", help: "g") { [MetricSample(2)] }
        registry.collectedGauge("least", help: "l", combining: .minimum) { [MetricSample(4)] }
        registry.collectedGauge("least", help: "l", combining: .minimum) { [MetricSample(3)] }
        #expect(text(registry).contains("\ng 3\n"))
        #expect(text(registry).contains("\nleast 3\n"))
    }

    @Test func `a series can exist before its first event`() {
        let registry = MetricsRegistry()
        let counter = registry.counter("a_total", help: "a", labels: ["k"])
        counter.expose(["x"])
        registry.histogram("h", help: "h", buckets: [1]).expose()
        #expect(text(registry).contains(#"a_total{k="x"} 0"#))
        #expect(text(registry).contains("h_bucket{le=\"1\"} 0\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n"))
        counter.increment(["x"])
        counter.expose(["x"])
        #expect(text(registry).contains(#"a_total{k="x"} 1"#), "counted values stay")
    }

    @Test func `describes metrics before they have values`() {
        let registry = MetricsRegistry()
        _ = registry.histogram("b", help: "b", labels: ["l"], buckets: [2, 1, .infinity])
        _ = registry.counter("a_total", help: "a")
        let all = registry.descriptions
        #expect(all.map(\.name) == ["a_total", "b"])
        #expect(all.map(\.type) == ["counter", "histogram"])
        #expect(all.last?.labels == ["l"])
        #expect(all.last?.buckets == [1, 2])
    }

    @Test func `process metrics have plausible values`() throws {
        let registry = MetricsRegistry()
        registry.registerProcessMetrics()
        let reading = try #require(ProcessMetrics.read())
        #expect(reading.residentBytes > 1_000_000)
        let started = try #require(ProcessMetrics.startTime())
        #expect(started > 1_600_000_000)
        #expect(try #require(ProcessMetrics.openDescriptors()) >= 3)
        for name in [
            "cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "virtual_memory_max_bytes", "threads",
            "open_fds", "max_fds", "start_time_seconds",
        ] {
            #expect(text(registry).contains("\nprocess_\(name) "))
        }
        #expect(reading.threads >= 1)
    }

    @Test(arguments: ["", "1 (x", "1 (a) b) S 1", "1 (x) S " + String(repeating: "z ", count: 30)])
    func `invalid stat text gives no reading`(stat: String) {
        #expect(ProcessMetrics.parse(stat: stat, ticksPerSecond: 100, pageSize: 4_096) == nil)
    }

    @Test func `a command name can contain any character`() throws {
        let fields = (1...30).map(String.init).joined(separator: " ")
        let reading = try #require(
            ProcessMetrics.parse(stat: "7 (a) b (c) S \(fields)", ticksPerSecond: 10, pageSize: 2))
        #expect(reading.cpuSeconds == 2.3)
        #expect(reading.residentBytes == 42)
    }
}
