import KubeClient

/// An open watch. Confined to the thread of one simulation.
final class SimulatedWatch: @unchecked Sendable {
    let kind: ResourceKind
    let selection: Selection
    let owner: Writer
    let body: SimulatedBody
    /// The arrival of the last event; later events do not overtake it.
    var lastDelivery: ContinuousClock.Instant
    /// True if the connection is dead and neither side has noticed.
    var isSilent = false

    init(_ target: RequestTarget, owner: Writer, body: SimulatedBody, now: ContinuousClock.Instant) {
        kind = target.kind
        selection = target.selection
        self.owner = owner
        self.body = body
        lastDelivery = now
    }
}

extension SimulatedServer {
    /// Opens a watch at a version; as in kube-apiserver, some errors are events.
    func openWatch(_ request: HTTPRequest, owner: Writer) -> Result<SimulatedWatch, WatchRefusal> {
        guard let target = RequestTarget(request.target), !absent.contains(target.kind) else {
            return .failure(WatchRefusal(response: Answer.notServed))
        }
        guard target["sendInitialEvents"] == nil else {
            return .failure(WatchRefusal(response: Answer.status(422, "Invalid", "sendInitialEvents is forbidden")))
        }
        let watch = SimulatedWatch(target, owner: owner, body: SimulatedBody(), now: time.now)
        // Weak, so that scheduled actions do not keep a finished world alive.
        watch.body.onCancel = { [weak self, weak watch] in self?.watches.removeAll { $0 === watch } }
        watches.append(watch)
        begin(watch, from: target["resourceVersion"].flatMap { Int($0) } ?? 0)
        scheduleBookmark(watch)
        let lifetime = Duration.seconds(target["timeoutSeconds"].flatMap { Int($0) } ?? 1800)
        time.schedule(after: lifetime) { [weak self, weak watch] in
            guard let self, let watch, watches.contains(where: { $0 === watch }) else { return }
            watches.removeAll { $0 === watch }
            // On a dead connection the end does not arrive either.
            if !watch.isSilent { watch.body.finish() }
        }
        return .success(watch)
    }

    private func begin(_ watch: SimulatedWatch, from start: Int) {
        if start > revision {
            return push(event("ERROR", Answer.tooLargeVersion.body), to: watch)
        }
        if start < compacted {
            return push(event("ERROR", Answer.expired.body), to: watch)
        }
        let missed = (history[watch.kind] ?? []).reversed().prefix { $0.revision > start }
        for change in missed.reversed() { send(change, to: watch) }
    }

    /// Sends a change to a watch; an object that leaves the selection is deleted for it.
    func send(_ change: Change, to watch: SimulatedWatch) {
        let fits = watch.selection.includes(change.key, change.object)
        let didFit = change.before.map { watch.selection.includes(change.key, $0) } ?? false
        switch (change.verb, didFit, fits) {
        case (.modified, true, false):
            guard var last = change.before else { return }
            last[path: ["metadata", "resourceVersion"]] = .string("\(change.revision)")
            push(event("DELETED", last.encoded), to: watch)
        case (.modified, false, true): push(event("ADDED", change.encoded), to: watch)
        default: if fits { push(event(change.verb.rawValue, change.encoded), to: watch) }
        }
    }

    /// Sends bytes after a random delay and after all earlier bytes.
    private func push(_ bytes: [UInt8], to watch: SimulatedWatch) {
        let arrival = max(watch.lastDelivery, time.now.advanced(by: random.duration(eventLag)))
        watch.lastDelivery = arrival
        time.schedule(at: arrival) { [weak watch] in
            guard let watch, !watch.isSilent else { return }
            watch.body.push(bytes)
        }
    }

    private func scheduleBookmark(_ watch: SimulatedWatch) {
        time.schedule(after: random.duration(.seconds(50)...(.seconds(70)))) { [weak self, weak watch] in
            guard let self, let watch, watches.contains(where: { $0 === watch }) else { return }
            let object: JSONValue = [
                "kind": .string(watch.kind.type.kind), "metadata": ["resourceVersion": .string("\(revision)")],
            ]
            push(event("BOOKMARK", object.encoded), to: watch)
            scheduleBookmark(watch)
        }
    }

    private func event(_ type: String, _ object: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: object.count + 40)
        writer.beginObject()
        writer.key("type")
        writer.string(type)
        writer.key("object")
        writer.raw(object)
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }
}

/// A response that is not a watch.
struct WatchRefusal: Error {
    let response: HTTPResponse
}
