export Progress

using Printf: @sprintf

"""
    progress = Progress(epochs; io = stdout)
    progress(epoch, loss, accuracy)

Shows how far a training is: at a terminal a bar that is drawn over itself, elsewhere (a file, a log of CI) a plain
line for about every tenth of the epochs.
"""
struct Progress
    epochs::Int
    io::IO
    started::Float64
end
Progress(epochs::Integer; io::IO = stdout) = Progress(epochs, io, time())

const BAR = 30

function (progress::Progress)(epoch, loss, accuracy)
    numbers = @sprintf("epoch %3d/%d  loss %.4f  accuracy %5.1f %%  %4.1f s",
        epoch, progress.epochs, loss, 100accuracy, time() - progress.started)
    done = epoch >= progress.epochs
    if isterminal(progress.io)
        filled = round(Int, BAR * epoch / progress.epochs)
        print(progress.io, "\r  ", "█"^filled, "░"^(BAR - filled), "  ", numbers, "\e[K", done ? "\n" : "")
    elseif epoch == 1 || done || epoch % cld(progress.epochs, 10) == 0
        println(progress.io, "  ", numbers)
    end
    flush(progress.io)
    return nothing
end

# A `TTY` may be wrapped, by colour and size (IOContext).
isterminal(io::IO) = io isa Base.TTY
isterminal(io::IOContext) = isterminal(io.io)
