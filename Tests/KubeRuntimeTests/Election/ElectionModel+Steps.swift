import KubeClient

@testable import KubeRuntime

extension ElectionModel {
    mutating func handle(_ message: Message) {
        switch message {
        case .request(let next, let index, let life, let turn): serve(next, index, life, turn)
        case .event(let event, let index, let life, let request):
            guard candidates[index].life == life else { return }
            if let request {
                if candidates[index].turn == request { feed(event, to: index) }
            } else if candidates[index].isWaiting {
                feed(event, to: index)
            } else {
                candidates[index].inbox.append(event)
            }
        case .wake(let index, let life, let turn):
            if candidates[index].life == life, candidates[index].turn == turn {
                feed(candidates[index].isWaiting ? .woke : .failed, to: index)
            }
        case .restart(let index): restart(index)
        }
    }

    private mutating func feed(_ event: ElectionMachine.Event, to index: Int) {
        let random = Double.random(in: 0..<1, using: &random)
        let step = candidates[index].machine.step(event, now: clock(index), random: random)
        switch step.effect {
        case .lead(let trust):
            terms += 1
            candidates[index].trust = trust
        case .extend(let trust): candidates[index].trust = trust
        case .stepDown:
            let pause = Double.random(in: 0...12, using: &self.random)
            post(.event(.workEnded, to: index, life: candidates[index].life, request: nil), after: pause)
        case .resign: candidates[index].trust = nil
        case nil: break
        }
        candidates[index].turn += 1
        candidates[index].isWaiting = false
        carryOut(step.next, index)
    }

    private mutating func carryOut(_ next: ElectionMachine.Next, _ index: Int) {
        let (life, turn, rate) = (candidates[index].life, candidates[index].turn, candidates[index].rate)
        switch next {
        case .read(let timeout), .write(_, _, let timeout):
            post(.wake(index, life: life, turn: turn), after: timeout.inSeconds / rate)
            for _ in 0..<(chance(faults.duplication) ? 2 : 1) where !chance(faults.loss) {
                post(.request(next, from: index, life: life, turn: turn), after: way())
            }
        case .wait(let deadline):
            candidates[index].isWaiting = true
            if !candidates[index].inbox.isEmpty { return feed(candidates[index].inbox.removeFirst(), to: index) }
            let pause = max(0, clock(index).duration(to: deadline).inSeconds) / rate
            post(.wake(index, life: life, turn: turn), after: pause + 1e-6)
        case .end:
            candidates[index].trust = nil
            post(.restart(index), after: Double.random(in: 0...10, using: &random))
        }
    }

    private mutating func restart(_ index: Int) {
        candidates[index].life += 1
        candidates[index].machine = Self.machine(index, candidates[index].life)
        candidates[index].inbox = []
        candidates[index].isWaiting = false
        candidates[index].trust = nil
        feed(.start, to: index)
    }

    /// What the API server does with a request, and with the answer.
    private mutating func serve(_ next: ElectionMachine.Next, _ index: Int, _ life: Int, _ turn: Int) {
        let answer: ElectionMachine.Event
        switch next {
        case .read: answer = lease.map { .read($0) } ?? .absent
        case .write(let claim, let basis, _):
            let isCurrent = basis?.uid == lease?.uid && basis?.resourceVersion == lease?.resourceVersion
            if isCurrent { store(claim, on: basis, "candidate-\(index)-\(life)") }
            answer = isCurrent ? lease.map { .wrote($0) } ?? .refused : .refused
        case .wait, .end: return
        }
        guard !chance(faults.loss) else { return }
        post(.event(answer, to: index, life: life, request: turn), after: way())
    }

    private mutating func store(_ claim: LeaseClaim, on basis: Lease?, _ identity: String) {
        let settings = ElectionSettings(lease: Self.settings.lease, identity: identity)
        // All times of day are wrong in the same way: nobody may look at them.
        publish(claim.object(on: basis, settings, now: Timestamp(seconds: 0)))
    }

    private mutating func publish(_ object: JSONValue) {
        version += 1
        var object = object
        if lease == nil { object[path: ["metadata", "uid"]] = .string("uid-\(version)") }
        object[path: ["metadata", "resourceVersion"]] = .string("\(version)")
        let new = Lease(object)
        lease = new
        for index in candidates.indices where !chance(faults.loss) {
            post(.event(.changed(new), to: index, life: candidates[index].life, request: nil), after: way())
        }
    }

    /// Somebody ends a process, asks it to stop, or edits the lease.
    mutating func disturb() {
        let index = Int.random(in: candidates.indices, using: &random)
        let life = candidates[index].life
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            candidates[index].life += 1
            candidates[index].trust = nil
            post(.restart(index), after: Double.random(in: 0...20, using: &random))
        case 1:
            post(.event(.stop, to: index, life: life, request: nil), after: 0)
            let pause = Double.random(in: 0...12, using: &random)
            post(.event(.workEnded, to: index, life: life, request: nil), after: pause)
        case 2:
            guard var object = lease?.object else { return }
            object[path: ["metadata", "annotations", "edited"]] = .string("\(now)")
            publish(object)
        default:
            guard var object = lease?.object else { return }
            object[path: ["spec", "preferredHolder"]] = .string("candidate-\(index)-\(life)")
            publish(object)
        }
    }
}
