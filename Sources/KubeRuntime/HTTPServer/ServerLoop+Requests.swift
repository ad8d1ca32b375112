import KubeClient

extension ServerLoop {
    /// Takes the next request once the kernel has accepted the earlier responses.
    func advance(_ connection: ServerConnection) {
        guard case .reading = connection.phase, !connection.hasOutput else { return }
        switch connection.parser.next() {
        case .needsMore: return
        case .expectsContinue: connection.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        case .request(let request, let head):
            connection.requestSize = head.memorySize + request.body.count
            connection.phase = .queued(request, head)
            queue.append(connection.id)
            startHandlers()
        case .refused(let refusal):
            let response = HTTPServerResponse.text(refusal.message + "\n", status: refusal.status)
            connection.send(ResponseHead.bytes(response, .sized(refusal.message.utf8.count + 1), keepsAlive: false))
            connection.send(Array((refusal.message + "\n").utf8))
            connection.phase = .lingering
            connection.closesAfterOutput = true
        }
        touch(connection)
    }

    /// Starts handlers for waiting requests, up to the limit.
    private func startHandlers() {
        var started = 0
        while activeHandlers < settings.limits.handlers, started < queue.count {
            let id = queue[started]
            started += 1
            guard let connection = connections[id], case .queued(let request, let head) = connection.phase else {
                continue
            }
            connection.phase = .handling(head, isHead: request.method == "HEAD")
            connection.task = handle(request, on: connection, head)
        }
        queue.removeFirst(started)
    }

    private func handlerEnded() {
        activeHandlers -= 1
        startHandlers()
    }

    private func handle(
        _ request: HTTPServerRequest, on connection: ServerConnection, _ head: HTTPRequestHead
    ) -> Task<Void, Never> {
        activeHandlers += 1
        let (id, mailbox, handler) = (connection.id, mailbox, settings.handler)
        let isChunked = head.isVersion11
        let isHead = request.method == "HEAD"
        return Task {
            let response = await handler(request)
            switch response.body {
            case .bytes(let body): mailbox.post(.response(id, response, body: body))
            case .stream where isHead: mailbox.post(.response(id, response, body: []))
            case .stream(let produce):
                let writer = ResponseWriter(connection: id, mailbox: mailbox, isChunked: isChunked)
                mailbox.post(.streamBegan(id, response, writer))
                do {
                    try await produce(writer)
                    mailbox.post(.streamEnded(id, isComplete: true))
                } catch {
                    mailbox.post(.streamEnded(id, isComplete: false))
                }
                writer.close()
            }
        }
    }

    /// Processes a message of a handler, or of the server's owner.
    func receive(_ message: ServerMailbox.Message) {
        switch message {
        case .response(let id, let response, let body):
            handlerEnded()
            if let connection = connections[id] { respond(connection, response, body) }
        case .streamBegan(let id, let response, let writer):
            guard let connection = connections[id], case .handling(let head, _) = connection.phase else {
                return writer.close()
            }
            let framing = head.isVersion11 ? ResponseHead.Framing.chunked : .untilClose
            connection.send(ResponseHead.bytes(response, framing, keepsAlive: staysOpen(connection, head)))
            connection.phase = .streaming(writer, head)
            if connection.isInputEnded || isShuttingDown { connection.abandonHandler() }
            touch(connection)
        case .output(let id, let bytes):
            guard let connection = connections[id] else { return }
            connection.send(bytes)
            touch(connection)
        case .streamEnded(let id, let isComplete):
            handlerEnded()
            if let connection = connections[id] { endStream(connection, isComplete) }
        case .shutDown: beginShutdown()
        }
    }

    private func respond(_ connection: ServerConnection, _ response: HTTPServerResponse, _ body: [UInt8]) {
        guard case .handling(let head, let isHead) = connection.phase else { return }
        let keepsAlive = staysOpen(connection, head)
        var bytes = ResponseHead.bytes(response, .sized(body.count), keepsAlive: keepsAlive)
        if !isHead { bytes.append(contentsOf: body) }
        connection.send(bytes)
        complete(connection, keepsAlive)
    }

    private func endStream(_ connection: ServerConnection, _ isComplete: Bool) {
        guard case .streaming(_, let head) = connection.phase else { return }
        if isComplete, head.isVersion11 { connection.send(Array("0\r\n\r\n".utf8)) }
        // Without the last chunk, only closing the connection tells the client that the body is incomplete.
        complete(connection, isComplete && head.isVersion11 && staysOpen(connection, head))
    }

    /// Ends a response. The next request is handled when the client has read this one.
    private func complete(_ connection: ServerConnection, _ keepsAlive: Bool) {
        connection.task = nil
        connection.requestSize = 0
        connection.phase = .reading
        connection.closesAfterOutput = !keepsAlive
        touch(connection)
    }

    private func staysOpen(_ connection: ServerConnection, _ head: HTTPRequestHead) -> Bool {
        head.keepsAlive && !connection.isInputEnded && !isShuttingDown
    }
}
