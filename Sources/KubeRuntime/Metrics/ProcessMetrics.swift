import Glibc

/// The process metrics that all Prometheus client libraries have.
enum ProcessMetrics {
    /// One reading of `/proc/self`.
    struct Reading: Hashable {
        var cpuSeconds: Double
        var threads: Double
        var startTicks: Double
        var virtualBytes: Double
        var residentBytes: Double
    }

    /// Parses `/proc/self/stat`; nil if it does not match proc(5).
    static func parse(stat: String, ticksPerSecond: Double, pageSize: Double) -> Reading? {
        // The command name, in parentheses, can contain any character, so the fields are counted from its end.
        guard let end = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = stat[stat.index(after: end)...].split(separator: " ").map { Double($0) }
        guard fields.count > 21, let user = fields[11], let system = fields[12],
            let threads = fields[17], let start = fields[19], let virtual = fields[20], let pages = fields[21]
        else { return nil }
        return Reading(
            cpuSeconds: (user + system) / ticksPerSecond, threads: threads, startTicks: start,
            virtualBytes: virtual, residentBytes: pages * pageSize)
    }

    static func read() -> Reading? {
        guard let text = contents(of: "/proc/self/stat") else { return nil }
        return parse(
            stat: text, ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageSize: Double(sysconf(Int32(_SC_PAGESIZE))))
    }

    /// The start time of this process, in seconds since 1970.
    static func startTime() -> Double? {
        guard let reading = read(), let text = contents(of: "/proc/stat") else { return nil }
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            guard let boot = Double(line.dropFirst("btime ".count)) else { return nil }
            return boot + reading.startTicks / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
        return nil
    }

    static func openDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Exclude ".", ".." and the descriptor used for this reading.
        return Double(max(0, count - 3))
    }

    static func descriptorLimit() -> Double? { limit(of: RLIMIT_NOFILE) }

    /// The largest integer of the kernel if there is no limit.
    static func addressSpaceLimit() -> Double? { limit(of: RLIMIT_AS) }

    private static func limit(of resource: __rlimit_resource) -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer.prefix(count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension MetricsRegistry {
    /// Registers memory, CPU time, threads, descriptors and start time of this process.
    public func registerProcessMetrics() {
        func gauge(_ name: String, _ help: String, _ read: @escaping @Sendable () -> Double?) {
            collectedGauge(name, help: help) { read().map { [MetricSample($0)] } ?? [] }
        }
        collectedCounter("process_cpu_seconds_total", help: "CPU time spent, user and system, in seconds.") {
            ProcessMetrics.read().map { [MetricSample($0.cpuSeconds)] } ?? []
        }
        gauge("process_resident_memory_bytes", "Resident memory in bytes.") { ProcessMetrics.read()?.residentBytes }
        gauge("process_virtual_memory_bytes", "Virtual memory in bytes.") { ProcessMetrics.read()?.virtualBytes }
        gauge("process_virtual_memory_max_bytes", "Limit of virtual memory in bytes; about 1.8e19 means no limit.") {
            ProcessMetrics.addressSpaceLimit()
        }
        gauge("process_threads", "Threads of the process.") { ProcessMetrics.read()?.threads }
        gauge("process_open_fds", "Open file descriptors.") { ProcessMetrics.openDescriptors() }
        gauge("process_max_fds", "Limit of open file descriptors.") { ProcessMetrics.descriptorLimit() }
        let started = ProcessMetrics.startTime()
        gauge("process_start_time_seconds", "Start time of the process, in seconds since 1970.") { started }
    }
}
