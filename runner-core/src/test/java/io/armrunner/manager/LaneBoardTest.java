package io.armrunner.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.armrunner.config.LaneConfig.Refs;
import io.armrunner.config.LaneConfig.Rules;
import io.armrunner.manager.LaneBoard.Seating;
import io.armrunner.status.LaneView;
import io.armrunner.testing.HandTicker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who has room, and when a lane is left alone. */
@Timeout(120)
final class LaneBoardTest {
    private static final LaneChoice.Wanted JOB =
            new LaneChoice.Wanted(false, Optional.empty(), Duration.ofHours(1));

    private final NoLane pi = new NoLane("pi");
    private final NoLane cloud = new NoLane("cloud");
    private final HandTicker ticker = new HandTicker();

    private LaneBoard board(int ofPi, int ofCloud) {
        return new LaneBoard(
                "r",
                List.of(
                        new LaneBoard.Entry(pi, "shell", rules(ofPi)),
                        new LaneBoard.Entry(cloud, "codebuild", rules(ofCloud))),
                ticker);
    }

    private static Rules rules(int capacity) {
        return new Rules(capacity, false, Refs.ALL, Optional.empty());
    }

    private static LaneBoard.Seat seat(LaneBoard board) throws InterruptedException {
        Seating seating = board.reserve().orElseThrow().seat(JOB);
        if (seating instanceof Seating.Seated(LaneBoard.Seat seat)) {
            return seat;
        }
        throw new AssertionError("no seat: " + seating);
    }

    @Test
    void jobsSpillToTheNextLaneAndComeBackWhenThereIsRoom() throws Exception {
        LaneBoard board = board(1, 2);
        LaneBoard.Seat first = seat(board);
        LaneBoard.Seat second = seat(board);

        assertThat(first.lane()).isSameAs(pi);
        assertThat(second.lane()).isSameAs(cloud);
        assertThat(second.why()).isEqualTo("pi is full: 1 of 1");
        first.close();
        first.close();
        assertThat(seat(board).lane()).isSameAs(pi);
        assertThat(board.view())
                .containsExactly(
                        new LaneView("pi", "shell", 1, 1, LaneView.State.FULL, ""),
                        new LaneView("cloud", "codebuild", 2, 1, LaneView.State.OPEN, ""));
    }

    @Test
    void jobsThatAreTooLongForALaneAreTheNextOnes() throws Exception {
        LaneBoard board = board(1, 2);
        pi.longest(Duration.ofMinutes(14));

        LaneBoard.Seat seat = seat(board);
        assertThat(seat.lane()).isSameAs(cloud);
        assertThat(seat.why()).isEqualTo("pi takes jobs of up to 14 min, this one has 1 h");
        pi.longest(Duration.ofHours(1));
        assertThat(seat(board).lane()).isSameAs(pi);
    }

    @Test
    void whatTheConfigurationSaysOfLongJobsIsNotWidenedByTheLane() {
        Rules rules = new Rules(0, false, Refs.ALL, Optional.of(Duration.ofMinutes(5)));

        assertThat(rules.within(Duration.ofMinutes(14))).isEqualTo(rules);
        assertThat(rules.within(Duration.ofMinutes(3)).maxTimeout())
                .contains(Duration.ofMinutes(3));
    }

    @Test
    void noJobIsAskedForUnlessThereIsRoomForItsAnswerToo() throws Exception {
        LaneBoard board = board(1, 1);
        LaneBoard.Reservation first = board.reserve().orElseThrow();
        assertThat(board.reserve()).isPresent();

        assertThat(board.reserve()).isEmpty();
        first.close();
        assertThat(board.reserve()).isPresent();
    }

    @Test
    void whoWaitsForRoomHasItAsSoonAsAJobEnds() throws Exception {
        LaneBoard board = board(1, 1);
        LaneBoard.Seat seat = seat(board);
        seat(board);
        Thread asks = Thread.currentThread();
        Thread ends =
                Thread.ofVirtual()
                        .start(() -> {
                            await().atMost(Duration.ofMinutes(1))
                                    .until(() -> asks.getState() == Thread.State.TIMED_WAITING);
                            seat.close();
                        });
        // More than this test may take: it is the end of the job that ends the wait.
        assertThat(board.reserve(Duration.ofMinutes(10))).isPresent();
        ends.join();
    }

    @Test
    void aReservationThatBecameASeatGivesItsRoomBackOnce() throws Exception {
        LaneBoard board = board(1, 1);
        LaneBoard.Reservation reservation = board.reserve().orElseThrow();
        assertThat(reservation.seat(JOB)).isInstanceOf(Seating.Seated.class);
        reservation.close();
        reservation.close();

        // One is taken: exactly one more may be asked for.
        assertThat(board.reserve()).isPresent();
        assertThat(board.reserve()).isEmpty();
    }

    @Test
    void anUnfitLaneIsClosedUntilItIsWell() throws Exception {
        LaneBoard board = board(1, 1);
        pi.unfit(Optional.of("too hot"));

        LaneBoard.Seat elsewhere = seat(board);
        assertThat(elsewhere.lane()).isSameAs(cloud);
        assertThat(board.view().getFirst().state()).isEqualTo(LaneView.State.CLOSED);
        assertThat(board.view().getFirst().reason()).isEqualTo("too hot");
        pi.unfit(Optional.empty());
        assertThat(seat(board).lane()).isSameAs(pi);
    }

    @Test
    void aLaneThroughWhichJobAfterJobFailsIsLeftAloneForAWhile() throws Exception {
        LaneBoard board = board(1, 0);
        for (int i = 0; i < 3; i++) {
            LaneBoard.Seat seat = seat(board);
            assertThat(seat.lane()).isSameAs(pi);
            seat.broken();
            seat.close();
        }
        LaneBoard.Seat other = seat(board);
        assertThat(other.lane()).isSameAs(cloud);
        assertThat(other.why()).isEqualTo("pi is unfit: 3 jobs in a row failed through it");

        ticker.moveTo(Duration.ofSeconds(31));
        LaneBoard.Seat again = seat(board);
        assertThat(again.lane()).isSameAs(pi);
        again.broken();
        again.close();
        ticker.moveTo(Duration.ofSeconds(62));
        assertThat(seat(board).lane()).as("the second pause is longer").isSameAs(cloud);
        ticker.moveTo(Duration.ofSeconds(95));
        LaneBoard.Seat well = seat(board);
        assertThat(well.lane()).isSameAs(pi);
        well.close();
        LaneBoard.Seat broken = seat(board);
        broken.broken();
        broken.close();
        assertThat(seat(board).lane()).as("one failure after a success is nothing").isSameAs(pi);
    }

    @Test
    void oneLaneWithoutRulesIsNeverClosed() throws Exception {
        pi.unfit(Optional.of("no shell"));
        LaneBoard single = LaneBoard.single(pi);
        for (int i = 0; i < 5; i++) {
            LaneBoard.Seat seat = seat(single);
            seat.broken();
            seat.close();
        }
        assertThat(single.isSingle()).isTrue();
        assertThat(single.view().getFirst().state()).isEqualTo(LaneView.State.OPEN);
    }

    @Test
    void aChangedConfigurationTakesOverWhoIsWhere() throws Exception {
        LaneBoard before = board(2, 1);
        LaneBoard.Seat first = seat(before);
        LaneBoard.Seat second = seat(before);
        LaneBoard.Reservation underWay = before.reserve().orElseThrow();

        LaneBoard after = board(3, 1);
        after.follow(before);

        assertThat(after.view())
                .extracting(LaneView::used)
                .as("what runs counts on")
                .containsExactly(2, 0);
        // Three of four places are taken or kept.
        LaneBoard.Reservation last = after.reserve().orElseThrow();
        assertThat(after.reserve()).isEmpty();
        Seating seating = underWay.seat(JOB);
        assertThat(seating).isInstanceOf(Seating.Seated.class);
        assertThat(after.view()).extracting(LaneView::used).containsExactly(2, 1);
        last.close();
        first.close();
        second.close();
        assertThat(after.view()).extracting(LaneView::used).containsExactly(0, 1);
        assertThat(before.view()).extracting(LaneView::used).containsExactly(0, 1);
    }

    @Test
    void aLaneThatWasTakenAwayAndIsBackHasItsJobsStill() throws Exception {
        LaneBoard before = board(1, 0);
        LaneBoard.Seat seat = seat(before);
        LaneBoard without =
                new LaneBoard(
                        "r", List.of(new LaneBoard.Entry(cloud, "codebuild", rules(0))), ticker);
        without.follow(before);
        LaneBoard back = board(1, 0);
        back.follow(without);

        assertThat(seat(back).lane()).isSameAs(cloud);
        seat.close();
        assertThat(seat(back).lane()).isSameAs(pi);
    }

    @Test
    void aLaneThatIsClosedStaysClosedOverAChange() throws Exception {
        LaneBoard before = board(0, 0);
        for (int i = 0; i < 3; i++) {
            LaneBoard.Seat seat = seat(before);
            seat.broken();
            seat.close();
        }
        LaneBoard after = board(5, 0);
        after.follow(before);

        assertThat(after.view().getFirst().state()).isEqualTo(LaneView.State.CLOSED);
        assertThat(seat(after).lane()).isSameAs(cloud);
        ticker.moveTo(Duration.ofSeconds(31));
        assertThat(seat(after).lane()).isSameAs(pi);
    }

    @Test
    void jobsOfARunnersOnePlaceCountInItsFirstLane() throws Exception {
        LaneBoard single = LaneBoard.single(pi);
        LaneBoard.Seat seat = seat(single);
        LaneBoard lanes =
                new LaneBoard("r", List.of(new LaneBoard.Entry(pi, "pi", rules(1))), ticker);
        lanes.follow(single);

        assertThat(lanes.reserve()).isEmpty();
        seat.close();
        assertThat(lanes.view().getFirst().state()).isEqualTo(LaneView.State.OPEN);
    }
}
