using Test, Dates, FluxGuard # Dates beside FluxGuard: its units are the same names

@testset "quotients" begin
    @test 1//week === FalseAlarms(1, :week)
    @test 2/day === FalseAlarms(2, :day)
    @test 0.5/hour === FalseAlarms(0.5, :hour)
    @test (3//2)//minute === FalseAlarms(1.5, :minute)
    @test 1/second === FalseAlarms(1, :second)
    @test 0.01/window === FalseAlarms(0.01, :window)
    @test 1//1000/observation === FalseAlarms(0.001, :observation)
    @test FalseAlarms(0.05) === FalseAlarms(0.05, :window)
    @test FalseAlarms(1//week) === 1//week
end

@testset "the units of Dates keep their meaning" begin
    @test week(Date(2026, 11, 20)) == 47
    @test minute(DateTime(2026, 11, 20, 12, 34)) == 34
end

@testset "refused" begin
    for rate in (0, -1, NaN, Inf)
        @test_throws InvalidArgument FalseAlarms(rate)
        @test_throws InvalidArgument rate/week
    end
    @test_throws InvalidArgument FalseAlarms(1, :fortnight)
    @test_throws InvalidArgument FalseAlarms("often")
end

@testset "show" begin
    @test sprint(show, 1//week) == "1 false alarm per week"
    @test sprint(show, 0.01/window) == "0.01 false alarms per window"
    @test sprint(show, window) == "window"
end
