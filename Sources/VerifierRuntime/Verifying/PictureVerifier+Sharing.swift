import Diffusion
import Dispatch
import Models
import Speculation

extension PictureVerifier {
    /// Takes the jobs of a feed forward together: one evaluation of each in turn, in batches that jobs of one latent shape
    /// share, each at its own step. A job that comes joins at the next evaluation, and one that fails or is cancelled leaves
    /// the others alone.
    ///
    /// Files are written on other threads, so that the device does not wait for them. A chain of mode `exact` is executed by
    /// itself: its windows are batches already. Between two of them the others take a step, however many wait.
    public func work(through feed: some JobFeed) {
        var courses: [JobCourse] = []
        while true {
            var isShared = false
            while let job = feed.next() {
                isShared = isShared || !courses.isEmpty
                if job.mode == .exact {
                    let admission = feed.admission(of: job.id)
                    feed.end(
                        job,
                        with: Result { try execute(job, admission: admission) { try feed.report($0, of: job.id) } })
                    if !courses.isEmpty { break }
                } else if let course = begun(job, feed) {
                    courses.append(course)
                }
            }
            guard !courses.isEmpty else { return }
            if isShared || courses.count > 1 { for index in courses.indices { courses[index].hadCompany = true } }
            courses = byLatentShape(courses).flatMap { advanced($0, feed) }
        }
    }

    /// A job that has something to ask; nil if it is over already.
    private func begun(_ job: VerificationJob, _ feed: some JobFeed) -> JobCourse? {
        do {
            try check(job)
            let course = try begin(job)
            if !course.isAtEnd { return course }
            try finish(course, feed)
        } catch {
            feed.end(job, with: .failure(error))
        }
        return nil
    }

    /// The jobs after one evaluation of each, without those that it ended.
    private func advanced(_ courses: [JobCourse], _ feed: some JobFeed) -> [JobCourse] {
        zip(courses, answered(courses)).compactMap { course, answer in
            do {
                var course = course
                for event in try course.take(answer.get()) { try feed.report(event, of: course.job.id) }
                if !course.isAtEnd { return course }
                try finish(course, feed)
            } catch {
                feed.end(course.job, with: .failure(error))
            }
            return nil
        }
    }

    private func answered(_ courses: [JobCourse]) -> [Result<Evaluation, any Error>] {
        do {
            return try evaluate(courses).map(Result.success)
        } catch {
            guard courses.count > 1 else { return [.failure(error)] }
            // Whatever it was, it need not be every job's.
            return courses.map { course in Result { try evaluate([course])[0] } }
        }
    }

    private func finish(_ course: JobCourse, _ feed: some JobFeed) throws {
        let decoded = try decoded(course) { try feed.report(.decoding, of: course.job.id) }
        DispatchQueue.global().async {
            feed.end(decoded.job, with: Result { try self.encoded(decoded) })
        }
    }

    /// In the order in which each shape came first.
    private func byLatentShape(_ courses: [JobCourse]) -> [[JobCourse]] {
        courses.reduce(into: []) { groups, course in
            if let index = groups.firstIndex(where: { $0[0].job.latentShape == course.job.latentShape }) {
                groups[index].append(course)
            } else {
                groups.append([course])
            }
        }
    }
}
